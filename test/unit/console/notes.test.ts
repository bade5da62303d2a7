import { expect, it } from 'vitest';
import { applyNotifications } from '../../../src/console-app/replica/apply-notification.ts';
import { NOTHING_KNOWN } from '../../../src/console-app/replica/known.ts';
import type { LiveNotification } from '../../../src/resources/live-frames.ts';
import { CHAT, told, USER } from '../../support/console-copy.ts';

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
