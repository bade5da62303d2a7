import { expect, test } from 'vitest';
import { type ChatFlags, CopiedFlags } from '../../../src/thread/copied-flags.ts';

const WAITING: ChatFlags = [0, 1, 1];
const QUIET: ChatFlags = [0, 0, 0];

test('flags are known once D1 has acknowledged the slice that held them', () => {
  const copied = new CopiedFlags();
  copied.send(5, 'chat', WAITING);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.acknowledge(4);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.acknowledge(5);
  expect(copied.has('chat', WAITING)).toBe(true);
  expect(copied.has('chat', QUIET)).toBe(false);
  expect(copied.has('other', WAITING)).toBe(false);
});

test('a slice that may have reached D1 without an acknowledgement makes them unknown', () => {
  const copied = new CopiedFlags();
  copied.send(5, 'chat', WAITING);
  copied.acknowledge(5);
  copied.send(7, 'chat', QUIET);
  copied.acknowledge(5);
  expect(copied.has('chat', WAITING)).toBe(false);
  copied.send(8, 'chat', WAITING);
  copied.acknowledge(8);
  expect(copied.has('chat', WAITING)).toBe(true);
});

test('a slice that ends before the last event of the chat makes nothing known', () => {
  const copied = new CopiedFlags();
  copied.send(5, 'chat', WAITING);
  copied.forget();
  copied.acknowledge(6);
  expect(copied.has('chat', WAITING)).toBe(false);
});
