import { expect, it } from 'vitest';
import { applyNotifications } from '../../../src/console-app/replica/apply-notification.ts';
import { type InboxRow, NOTHING_KNOWN } from '../../../src/console-app/replica/known.ts';
import { writersOf } from '../../../src/console-app/words/names.ts';
import type { LiveNotification } from '../../../src/resources/live-frames.ts';
import { CHAT, ROW, told, USER, VISITOR } from '../../support/console-copy.ts';

const NOTE = { id: 'n', chat_id: CHAT, user_id: USER, user_name: 'Smith', message: 'Careful.', created_at: '' };
const JONES = { user_id: 'jones', name: 'Agent Jones', expires_at: '' };

const notesAfter = (read: boolean, ...notifications: LiveNotification[]) => {
  const before = read ? { ...NOTHING_KNOWN, notes: new Map([[CHAT, new Map()]]) } : NOTHING_KNOWN;
  return applyNotifications(before, notifications, USER).notes.get(CHAT);
};
const viewersAfter = (...notifications: LiveNotification[]) =>
  applyNotifications(NOTHING_KNOWN, notifications, USER).viewers;

it('notes are kept of chats whose notes were read, and go with a purge', () => {
  const noted = told('notes', 'added', 'n', NOTE);
  expect(notesAfter(false, noted)).toBeUndefined();
  expect(notesAfter(true, noted, noted)).toEqual(new Map([['n', NOTE]]));
  expect(notesAfter(true, noted, told('notes', 'removed', 'n'))).toEqual(new Map());
  expect(notesAfter(true, noted, told('purges', 'added', 'p'))).toEqual(new Map());
});

it('who looks at a chat is known whether it is open or not, and changes nothing of it', () => {
  const looks = told('viewers', 'changed', 'jones', JONES);
  expect(viewersAfter(looks, looks)).toEqual(new Map([[CHAT, new Map([['jones', JONES]])]]));
  expect(viewersAfter(looks, told('viewers', 'removed', 'jones'))).toEqual(new Map());
  expect(applyNotifications(NOTHING_KNOWN, [looks], USER).staleRows.size).toBe(0);
});

it('who writes is known of each chat, until they stop or leave', () => {
  const typing = (member: string, composing_status: string) =>
    told('memberships', 'changed', member, { composing_status });
  const after = (...notifications: LiveNotification[]) => applyNotifications(NOTHING_KNOWN, notifications, USER).typing;
  expect(after(typing('a', 'typing'), typing('b', 'typing'))).toEqual(new Map([[CHAT, new Set(['a', 'b'])]]));
  expect(after(typing('a', 'typing'), typing('b', 'typing'), typing('a', 'typed')).get(CHAT)).toEqual(new Set(['b']));
  expect(after(typing('a', 'typing'), told('memberships', 'changed', 'a', { is_participating: false })).size).toBe(0);
  expect(after(typing('a', 'typing'), told('memberships', 'removed', 'a')).size).toBe(0);
  const row = { ...ROW, participants: [{ member_id: 'a', member_name: 'Agent Jones' }] } as unknown as InboxRow;
  expect(writersOf(row, new Set([USER, 'a', VISITOR, 'c']), USER)).toBe('Agent Jones, Jane, Somebody');
  expect(writersOf(row, undefined, USER)).toBe('');
});
