import { expect, it } from 'vitest';
import { withMissed } from '../../../src/console-app/replica/catch-up.ts';
import { CHAT, message, told, USER } from '../../support/console-copy.ts';

const said = (seq: number, change = {}, chats = 'routed_chats') => {
  const each = message(seq, change);
  return told('messages', 'added', each.id, each, chats);
};

it('marks the first message of others that was missed, and counts each once', () => {
  const missed = withMissed(
    new Map(),
    [
      said(10, { sender_type: 'user', sender_id: USER }),
      said(11, { type: 'join', message: null }),
      said(20),
      said(20, {}, 'chats'),
      told('messages', 'changed', message(10).id, { message: 'edited' }),
      said(30),
    ],
    USER,
  );
  expect(missed.get(CHAT)).toEqual({ first_id: message(20).id, last_place: 30, count: 2 });
  expect(withMissed(missed, [said(30), said(40)], USER).get(CHAT)).toMatchObject({
    first_id: message(20).id,
    count: 3,
  });
  expect(missed.get(CHAT)?.count).toBe(2);
});
