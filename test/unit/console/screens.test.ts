import { describe, expect, it } from 'vitest';
import { suggestionsOf } from '../../../src/console-app/composer/suggestions-of.ts';
import { holdOrder } from '../../../src/console-app/inbox/frozen-order.ts';
import { KeySequence } from '../../../src/console-app/keys/key-sequence.ts';
import type { InboxRow, Message, Note, Suggestion, Thread } from '../../../src/console-app/replica/known.ts';
import {
  countAfter,
  eventOf,
  heardIn,
  linesOf,
  newTextsOf,
  withTyping,
} from '../../../src/console-app/thread/lines.ts';
import { durationOf, waitOf } from '../../../src/console-app/words/times.ts';

const NOW = Date.UTC(2026, 5, 15, 12, 0, 0);
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const message = (fields: Partial<Message>): Message =>
  ({
    id: 'm',
    type: 'msg',
    created_at: at(0),
    sender_type: 'visitor',
    sender_id: 'v',
    message: 'text',
    ...fields,
  }) as Message;

describe('the lines of a thread', () => {
  it('have a name above the first message of a sender, after five minutes, after an event, and after a mark', () => {
    const messages = [
      message({ id: '1', created_at: at(0) }),
      message({ id: '2', created_at: at(4) }),
      message({ id: '3', created_at: at(10) }),
      message({ id: '4', created_at: at(10), sender_id: 'u', sender_type: 'user' }),
      message({ id: '5', created_at: at(11), type: 'join', sender_name: 'Smith' }),
      message({ id: '6', created_at: at(11), sender_id: 'u', sender_type: 'user' }),
      message({ id: '7', created_at: at(11), sender_id: 'u', sender_type: 'user' }),
    ];
    const lines = linesOf(messages, false, [], { first_id: '7', last_place: 7, count: 1 }, NOW);
    const shown = lines.map((line) => (line.is === 'message' ? `${line.key}${line.isFirst ? ' named' : ''}` : line.is));
    expect(shown).toEqual(['day', '1 named', '2', '3 named', '4 named', 'event', '6 named', 'catch_up', '7 named']);
    expect(lines[5]).toMatchObject({ text: 'Smith joined' });
  });

  it('have the notes of colleagues between the messages, by their time', () => {
    const note = (id: string, minutes: number) => ({ id, created_at: at(minutes) }) as Note;
    const messages = [message({ id: '1' }), message({ id: '2', created_at: at(2) })];
    const lines = linesOf(messages, false, [], null, NOW, [note('last', 9), note('between', 1), note('first', -1440)]);
    expect(lines.map((line) => (line.is === 'day' ? line.text : line.key))).toEqual([
      'Yesterday',
      'first',
      'Today',
      '1',
      'between',
      '2',
      'last',
    ]);
    expect(lines.filter((line) => line.is === 'message').map(({ isFirst }) => isFirst)).toEqual([true, true]);
  });

  it('say what was chosen, and of what', () => {
    const pressed = (fields: object) => eventOf(message({ type: 'action', sender_name: 'Jane', ...fields }));
    expect(pressed({ response_to_action: { text: 'Yes' }, response_to_attachment: { title: 'Is that right?' } })).toBe(
      'Jane chose “Yes” to “Is that right?”',
    );
    expect(pressed({ response_text: 'Monday', response_to_attachment: null })).toBe('Jane chose “Monday”');
  });

  it('begin each day with its name', () => {
    const lines = linesOf([message({ id: '1', created_at: at(-1440) }), message({ id: '2' })], false, [], null, NOW);
    expect(lines.flatMap((line) => (line.is === 'day' ? line.text : []))).toEqual(['Yesterday', 'Today']);
  });

  it('begin without a day while older messages may be of the same one', () => {
    const lines = linesOf([message({ id: '1', created_at: at(-1440) }), message({ id: '2' })], true, [], null, NOW);
    expect(lines.map(({ is }) => is)).toEqual(['message', 'day', 'message']);
  });

  it('end with who is writing, under a key that changes with the message before it', () => {
    const lines = linesOf([message({ id: '1' })], false, [], null, NOW);
    expect(withTyping(lines, [])).toBe(lines);
    expect(withTyping(lines, ['Jane']).at(-1)).toEqual({ is: 'typing', key: 'typing after 1', names: ['Jane'] });
  });

  it('count what came after the one that was seen last, without headings', () => {
    const messages = [message({ id: '1', created_at: at(-1440) }), message({ id: '2' }), message({ id: '3' })];
    const lines = linesOf(messages, false, [], null, NOW);
    expect(countAfter(lines, '1')).toBe(2);
    expect(countAfter(lines, '3')).toBe(0);
    expect(countAfter(lines, 'unknown')).toBe(0);
  });

  it('are said to those who hear the page when others have written them, the newest five of more', () => {
    const named = (id: string, fields: Partial<Message> = {}) => message({ id, sender_name: 'Jane', ...fields });
    const own = named('3', { sender_id: 'me' });
    const lines = linesOf([named('1'), named('2'), own, named('4', { message: null })], false, [], null, NOW);
    const said = (after: string) => newTextsOf(lines, { message: after, noted: null }, 'me').map(({ text }) => text);
    expect(said('1')).toEqual(['Jane: text', 'Jane: Attachment']);
    expect(said('4')).toEqual([]);
    const many = Array.from({ length: 9 }, (_, id) => named(String(id)));
    const lately = newTextsOf(linesOf(many, false, [], null, NOW), { message: '1', noted: null }, 'me');
    expect(lately.map(({ key }) => key)).toEqual('45678'.split(''));
  });

  it('are said with the new notes of others, and not with those that were there when the chat was opened', () => {
    const note = (id: string, minutes: number, user_id = 'u') =>
      ({ id, user_id, user_name: 'Jones', message: `note ${id}`, created_at: at(minutes) }) as Note;
    const messages = [message({ id: '1', sender_name: 'Jane' })];
    const withNotes = (...notes: Note[]) => linesOf(messages, false, [], null, NOW, notes);
    const opened = heardIn(withNotes(), false, null);
    const read = withNotes(note('a', -5), note('b', 5));
    expect(newTextsOf(read, opened, 'me')).toEqual([]);
    const heard = heardIn(read, true, opened);
    const later = withNotes(note('a', -5), note('b', 5), note('c', 6), note('d', 7, 'me'));
    expect(newTextsOf(later, heard, 'me')).toEqual([{ key: 'c', text: 'Note of Jones: note c' }]);
    // One that was deleted has nothing said again.
    const after = heardIn(withNotes(note('a', -5)), true, heardIn(later, true, heard));
    expect(newTextsOf(withNotes(note('a', -5), note('b', 5)), after, 'me')).toEqual([]);
    // Clocks differ: a note may stand before a message that was heard.
    expect(newTextsOf(withNotes(note('e', -1)), { message: '1', noted: at(-2) }, 'me')).toHaveLength(1);
  });
});

describe('suggestions', () => {
  const suggestion = (id: string, message_id: string, relevancy_score: number | null) =>
    ({ id, message_id, relevancy_score }) as Suggestion;
  const thread = (messages: Message[]): Thread => ({
    messages,
    older: null,
    memberships: new Map(),
    outgoing: new Map(),
    suggestions: new Map(
      [suggestion('a', '1', 0.9), suggestion('b', '2', null), suggestion('c', '2', 0.4)].map((each) => [each.id, each]),
    ),
  });

  it('are those to the newest message of the visitor, the best first, and none once it was answered', () => {
    const asked = [message({ id: '1' }), message({ id: '2' }), message({ id: '3', type: 'join' })];
    expect(suggestionsOf(thread(asked)).map(({ id }) => id)).toEqual(['c', 'b']);
    expect(suggestionsOf(thread([...asked, message({ id: '4', sender_type: 'user' })]))).toEqual([]);
  });
});

describe('a list that somebody points at', () => {
  const row = (id: string, tag = '') => ({ chat: { id }, tags: [tag] }) as unknown as InboxRow;

  it('keeps its places, marks what has left, shows changes and hides what is new', () => {
    const before = [row('a'), row('b'), row('c')].map((each) => ({ row: each, hasLeft: false }));
    const { listed, hidden } = holdOrder(before, [row('d'), row('c'), row('a', 'new')], () => row('b', 'gone'));
    expect(listed.map(({ row: each, hasLeft }) => [each.chat.id, each.tags[0], hasLeft])).toEqual([
      ['a', 'new', false],
      ['b', 'gone', true],
      ['c', '', false],
    ]);
    expect(hidden).toBe(1);
  });
});

describe('keys', () => {
  const press = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    ...more,
  });

  it('are found alone, in pairs within a moment, with Ctrl or Command, and never with Alt', () => {
    const keys = new KeySequence(['t', 'g w', 'Ctrl+K', 'Shift+J', '?']);
    expect(keys.press(press('t'), 0)).toBe('t');
    expect(keys.press(press('g'), 0)).toBe(null);
    expect(keys.press(press('w'), 1_000)).toBe('g w');
    expect(keys.press(press('w'), 1_100)).toBe(null);
    expect(keys.press(press('g'), 2_000)).toBe(null);
    expect(keys.press(press('w'), 4_000)).toBe(null);
    expect(keys.press(press('g'), 5_000)).toBe(null);
    expect(keys.press(press('t'), 5_100)).toBe('t');
    expect(keys.press(press('k', { metaKey: true }), 6_000)).toBe('Ctrl+K');
    expect(keys.press(press('J', { shiftKey: true }), 6_000)).toBe('Shift+J');
    expect(keys.press(press('?', { shiftKey: true }), 6_000)).toBe('?');
    expect(keys.press(press('t', { altKey: true }), 6_000)).toBe(null);
    expect(keys.press(press('t', { ctrlKey: true }), 6_000)).toBe(null);
  });
});

it('a call is told in minutes, and hours if it was long', () => {
  expect([0, 42, 754, 3723].map(durationOf)).toEqual(['0:00', '0:42', '12:34', '1:02:03']);
});

it('a wait is told in the unit that matters', () => {
  expect([0, 7, 750, 11_100, 180_000, -5].map((seconds) => waitOf(at(0), NOW + seconds * 1000))).toEqual([
    '0:00',
    '0:07',
    '12:30',
    '3 h 05',
    '2 d',
    '0:00',
  ]);
});
