import { expect, test } from 'vitest';
import type { ChatFacts } from '../../../../src/resources/chat.ts';
import { type ChatFlags, flagsOf, ReplicatedFlags } from '../../../../src/thread/replica/chat-flags.ts';

const WAITING: ChatFlags = [0, 1, 'visitor', 7_200_000];
const QUIET: ChatFlags = [0, 0, 'visitor', 7_200_000];

test('flags are known once D1 has acknowledged the batch that held them', () => {
  const copied = new ReplicatedFlags();
  copied.send(5, 'chat', WAITING);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.acknowledge(4);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.acknowledge(5);
  expect(copied.has('chat', WAITING)).toBe(true);
  expect(copied.has('chat', QUIET)).toBe(false);
  expect(copied.has('other', WAITING)).toBe(false);
});

test('a batch that may have reached D1 without an acknowledgement makes them unknown', () => {
  const copied = new ReplicatedFlags();
  copied.send(5, 'chat', WAITING);
  copied.acknowledge(5);
  copied.send(7, 'chat', QUIET);
  copied.acknowledge(5);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.send(8, 'chat', WAITING);
  copied.acknowledge(8);
  expect(copied.has('chat', WAITING)).toBe(true);
});

test('while the flags stay the same, the acknowledgement of the first batch with them is enough', () => {
  const copied = new ReplicatedFlags();
  for (const seq of [5, 6, 7]) copied.send(seq, 'chat', WAITING);
  copied.acknowledge(5);
  copied.send(8, 'chat', WAITING);
  expect(copied.has('chat', WAITING)).toBe(true);
  copied.send(9, 'other', WAITING);
  copied.acknowledge(8);
  expect([copied.has('chat', WAITING), copied.has('other', WAITING)]).toEqual([false, false]);
});

test('when everything is sent again nothing is known', () => {
  const copied = new ReplicatedFlags();
  copied.send(5, 'chat', WAITING);
  copied.forget();
  copied.acknowledge(6);
  expect(copied.has('chat', WAITING)).toBe(false);
});

test('the end of a chat is rounded up to a full hour, so that most messages do not change it', () => {
  const hour = 3_600_000;
  const chat = (more: Partial<ChatFacts>) =>
    ({
      chat_type: 'visitor',
      created_at: 10 * hour,
      ended_at: null,
      last_activity_at: null,
      lifetime: { idle: hour, total: null },
      is_waiting: true,
      present_user_participant_count: 0,
      ...more,
    }) as ChatFacts;
  expect(flagsOf(chat({}))).toEqual([0, 1, 'visitor', 11 * hour]);
  expect(flagsOf(chat({ last_activity_at: 10 * hour + 1 }))).toEqual([0, 1, 'visitor', 12 * hour]);
  expect(flagsOf(chat({ last_activity_at: 11 * hour }))).toEqual([0, 1, 'visitor', 12 * hour]);
  expect(flagsOf(chat({ ended_at: 1, is_waiting: false }))).toEqual([1, 0, 'visitor', null]);
  expect(flagsOf(chat({ lifetime: { idle: null, total: null } }))).toEqual([0, 1, 'visitor', null]);
  expect(flagsOf(chat({ present_user_participant_count: 1 }))).toEqual([0, 0, 'visitor', 11 * hour]);
});
