import { expect, test } from 'vitest';
import type { Command } from '../../../../src/domain/commands.ts';
import type { ChatFacts } from '../../../../src/resources/chat.ts';
import type { ComposingStatus } from '../../../../src/resources/membership.ts';
import { Typing } from '../../../../src/thread/live/typing.ts';
import { AGENT } from '../../../support/sample-events.ts';

const NOW = 1_000_000;
const chat = { id: 'c', ended_at: null } as ChatFacts;

function says(status: ComposingStatus | null): Command {
  const changes = { is_present: true, is_participating: null, composing_status: status, last_seen_at: null };
  return { v: 1, command_id: 'x', type: 'update_membership', chat_id: 'c', actor: AGENT, ...changes };
}

const message = { type: 'post_message', actor: AGENT } as Command;

test('typing is what was reported last, and reads as typed when it was not repeated for 15 s', () => {
  const typing = new Typing();
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('idle');
  typing.note(says('typing'), chat, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW + 15_000)).toBe('typing');
  expect(typing.statusOf(chat, AGENT.id, NOW + 15_001)).toBe('typed');
  typing.note(says('typing'), chat, NOW + 20_000);
  expect(typing.statusOf(chat, AGENT.id, NOW + 30_000)).toBe('typing');
  typing.note(says(null), chat, NOW + 30_000);
  expect(typing.statusOf(chat, AGENT.id, NOW + 30_000)).toBe('typing');
  typing.note(says('typed'), chat, NOW + 30_000);
  expect(typing.statusOf(chat, AGENT.id, NOW + 90_000)).toBe('typed');
  expect(typing.statusOf(chat, 'somebody else', NOW)).toBe('idle');
});

test('a message ends the typing of its sender', () => {
  const typing = new Typing();
  typing.note(says('typing'), chat, NOW);
  typing.note(message, chat, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('idle');
});

test('a member who leaves the chat has stopped typing', () => {
  const typing = new Typing();
  typing.note(says('typing'), chat, NOW);
  typing.note({ ...says(null), is_participating: true } as Command, chat, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('typing');
  typing.note({ ...says('typed'), is_participating: false } as Command, chat, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('typed');
  typing.note({ ...says(null), is_participating: false } as Command, chat, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('idle');
});

test('nobody types in a chat that has ended, and a new session begins idle', () => {
  const typing = new Typing();
  typing.note(says('typing'), chat, NOW);
  const ended = { ...chat, ended_at: NOW };
  expect(typing.statusOf(ended, AGENT.id, NOW)).toBe('idle');
  typing.note(says('typing'), { ...ended, id: 'older' }, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('typing');
  const next = { ...chat, id: 'next' };
  typing.note(says('typed'), next, NOW);
  expect(typing.statusOf(chat, AGENT.id, NOW)).toBe('idle');
  expect(typing.statusOf(next, AGENT.id, NOW)).toBe('typed');
});

test('the end of the chat ends the typing, once', () => {
  const typing = new Typing();
  typing.note(says('typing'), chat, NOW);
  const ended = { ...chat, ended_at: NOW };
  const end = { type: 'update_chat' } as Command;
  expect(typing.note(end, { ...ended, id: 'older' }, NOW)).toEqual([]);
  expect(typing.note(end, ended, NOW)).toEqual([{ member_id: AGENT.id, status: 'idle', isOther: true }]);
  expect(typing.note(end, ended, NOW)).toEqual([]);
});
