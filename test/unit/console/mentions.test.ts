import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fittingColleagues, mentioningAt } from '../../../src/console-app/composer/mention-text.ts';
import { applyNotifications, changesCounts } from '../../../src/console-app/replica/apply-notification.ts';
import { NOTHING_KNOWN } from '../../../src/console-app/replica/known.ts';
import { isInView } from '../../../src/console-app/replica/views.ts';
import { mentionedIn, partsOf } from '../../../src/console-app/words/mentions.ts';
import { CHAT, ROW, told, USER } from '../../support/console-copy.ts';

const PEOPLE = [
  { id: 'ann', name: 'Ann' },
  { id: 'berg', name: 'Ann Berg' },
  { id: 'dot', name: 'J. (Jo) Day' },
  { id: 'one', name: 'Bob Miller' },
  { id: 'two', name: 'Bob Miller' },
];

describe('a note mentions', () => {
  it('people by their names, of which the longer one counts', () => {
    expect(mentionedIn('@Ann Berg, ask @Ann. @Ann!', PEOPLE)).toEqual(['berg', 'ann']);
    expect(mentionedIn('(@J. (Jo) Day) and @Bob Miller', PEOPLE)).toEqual(['dot', 'one', 'two']);
  });

  it('nobody by a part of a word, of an address or of another name', () => {
    for (const text of ['@Anna', 'x@Ann', '@ann', 'Ann', '@Bob', '@ Ann', '']) {
      expect([text, mentionedIn(text, PEOPLE)]).toEqual([text, []]);
    }
    expect(mentionedIn('@ and @Ann', [{ id: 'nobody', name: '' }])).toEqual([]);
  });

  it('people of any name', () => {
    expect(mentionedIn('@Anne-Marie O’Neil/Day', [{ id: 'anne', name: 'Anne-Marie O’Neil/Day' }])).toEqual(['anne']);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (name) => {
        const message = `Ask @${name}, please`;
        const parts = partsOf(message, [{ id: 'one', name }]);
        expect(parts.map(({ text }) => text).join('')).toBe(message);
        expect(mentionedIn(message, [{ id: 'one', name }])).toEqual(['one']);
      }),
    );
  });

  it('and is shown whole', () => {
    const text = '<b>@Ann Berg</b> and @Ann\n@Bob';
    const parts = partsOf(text, PEOPLE);
    expect(parts.map((part) => part.text).join('')).toBe(text);
    expect(parts.filter(({ user_ids }) => user_ids.length > 0).map((part) => part.text)).toEqual(['@Ann Berg', '@Ann']);
  });
});

describe('a colleague is chosen', () => {
  it('by an @ that begins a word, and what may be a name after it', () => {
    expect(mentioningAt('@', 1)).toEqual({ from: 0, to: 1, query: '' });
    expect(mentioningAt('See @Ann Be, please', 11)).toEqual({ from: 4, to: 11, query: 'ann be' });
    for (const [text, caret] of [
      ['mail@x', 6],
      ['@Ann ', 5],
      ['@Ann,', 5],
      ['@Ann\nand', 8],
      ['text', 4],
      ['@Ann', 0],
    ] as const) {
      expect([text, mentioningAt(text, caret)]).toEqual([text, null]);
    }
  });

  it('by the begin of a word of the name, and who is present comes first', () => {
    const people = ['Bea Ann', 'Annette', 'Hann', 'Ann Berg'].map((name) => ({ id: name, name, is_present: false }));
    const present = { id: 'p', name: 'Zoe Ann', is_present: true };
    const named = (query: string) => fittingColleagues([...people, present], query).map(({ name }) => name);
    expect(named('ann')).toEqual(['Zoe Ann', 'Ann Berg', 'Annette', 'Bea Ann']);
    expect(named('ann b')).toEqual(['Ann Berg']);
    expect(named('')).toHaveLength(5);
  });
});

describe('a mention of the user', () => {
  const MENTION = { chat_id: CHAT, note_id: 'n', created_at: '2026-11-21T12:00:00.000Z' };
  const before = { ...NOTHING_KNOWN, rows: new Map([[CHAT, ROW]]) };
  const told_ = (action: 'changed' | 'removed') => ({
    channel: `/api/v5/users/${USER}/mentions`,
    action,
    resource_id: CHAT,
    resource: action === 'removed' ? { id: CHAT } : MENTION,
  });
  const query = { view: 'mentioned', order: 'created', room_id: null } as const;

  it('is in the row until the chat was opened, and the chat in its view', () => {
    const marked = applyNotifications(before, [told_('changed'), told_('changed')], USER).rows.get(CHAT) ?? ROW;
    expect([marked.mention, isInView(marked, query, new Set())]).toEqual([MENTION, true]);
    const seen = applyNotifications(before, [told_('changed'), told_('removed')], USER).rows.get(CHAT) ?? ROW;
    expect([seen.mention, isInView(seen, query, new Set())]).toEqual([null, false]);
    expect([changesCounts(told_('changed')), changesCounts(told_('removed'))]).toEqual([true, true]);
  });

  it('has a row read that is not known, and a seen one none', () => {
    expect(applyNotifications(NOTHING_KNOWN, [told_('changed')], USER).staleRows).toEqual(new Set([CHAT]));
    expect(applyNotifications(NOTHING_KNOWN, [told_('removed')], USER)).toEqual(NOTHING_KNOWN);
  });

  it('comes with no message', () => {
    const after = applyNotifications(before, [told('', 'changed', CHAT, { message_count: 7 })], USER);
    expect(after.rows.get(CHAT)?.mention).toBeNull();
  });
});
