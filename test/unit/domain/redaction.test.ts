import { describe, expect, test } from 'vitest';
import { isPurgedIn, type PurgedEvent, redactChat, withoutPurged } from '../../../src/domain/redaction.ts';
import type { ChatState, Suggestion } from '../../../src/domain/state.ts';

const CHAT = '01a2289e-af74-7ef3-b85a-a079f075a3e4';

/** A chat of which only what a purge reads matters. */
const chat = {
  seq: 1,
  facts: { id: CHAT, created_at: 1000, ended_at: null, visitor_id: null, first_visitor_message_at: null },
} as unknown as ChatState;

function purged(before: ChatState, seq: number, until: number | null): ChatState {
  const event: PurgedEvent = {
    v: 2,
    type: 'purged',
    seq,
    at: 10_000 + seq,
    chat_id: CHAT,
    command_id: `purge-${seq}`,
    accepted: [],
    covers: 'messages',
    before: until,
  };
  return redactChat(before, event);
}

describe('what a purge of a chat covers', () => {
  test('is nothing without one, and then everything before it, or before its time', () => {
    expect(isPurgedIn(chat.facts, 5, 2000)).toBe(false);
    const { facts } = purged(chat, 10, null);
    expect([isPurgedIn(facts, 9, 9000), isPurgedIn(facts, 11, 2000)]).toEqual([true, false]);
    const { facts: ofTime } = purged(chat, 10, 3000);
    expect([isPurgedIn(ofTime, 9, 2999), isPurgedIn(ofTime, 9, 3000)]).toEqual([true, false]);
  });

  test('stays covered when another purge takes less', () => {
    const { facts } = purged(purged(purged(chat, 10, null), 20, 3000), 30, 2000);
    expect([isPurgedIn(facts, 9, 9000), isPurgedIn(facts, 15, 9000), isPurgedIn(facts, 15, 1999)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('stays covered by each earlier purge that took more, as long as an object may be at work on it', () => {
    const falling = purged(purged(purged(chat, 10, 4000), 20, 3000), 30, 2000);
    const covered = (seq: number, time: number) => isPurgedIn(falling.facts, seq, time);
    expect([covered(9, 3999), covered(19, 3999), covered(19, 2999), covered(29, 2999)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(purged(falling, 40, 4000).facts.last_purge).toEqual({ seq: 40, before: 4000 });
    const times = Array.from({ length: 20 }, (_, place) => 9000 - place);
    const many = times.reduce((before, until, place) => purged(before, place + 1, until), chat);
    expect(many.facts.last_purge?.earlier).toHaveLength(8);
  });

  test('takes the text of a suggestion whose row it has not come to, and of no later one', () => {
    const at = (seq: number) =>
      ({ seq, chat_id: CHAT, facts: { suggestion: 'Secret', updated_at: 2000 } }) as unknown as Suggestion;
    const after = purged(chat, 10, null);
    expect(withoutPurged(at(9), after).facts.suggestion).toBe('');
    expect(withoutPurged(at(11), after).facts.suggestion).toBe('Secret');
    expect(withoutPurged(at(9), chat).facts.suggestion).toBe('Secret');
  });
});
