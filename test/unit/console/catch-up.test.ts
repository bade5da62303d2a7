import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Break, type CatchUp, withMissed } from '../../../src/console-app/replica/catch-up.ts';
import { receivedAt } from '../../../src/console-app/replica/known.ts';
import { CHAT, message, told, USER } from '../../support/console-copy.ts';

const said = (seq: number, change = {}, chats = 'routed_chats') => {
  const each = message(seq, change);
  return told('messages', 'added', each.id, each, chats);
};
/** A break that ended with a message, and of whose chat the page had another one when it began. */
const breakUntil = (seq: number, seen = 0): Break => ({
  until: receivedAt(message(seq)),
  seen: new Map([[CHAT, seen]]),
});

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
      said(50),
    ],
    breakUntil(40),
    USER,
  );
  expect(missed.get(CHAT)).toEqual({ first_id: message(20).id, last_place: 30, count: 2 });
  expect(withMissed(missed, [said(30), said(40)], breakUntil(40), USER).get(CHAT)).toMatchObject({
    first_id: message(20).id,
    count: 3,
  });
  expect(missed.get(CHAT)?.count).toBe(2);
  expect(withMissed(missed, [said(60)], breakUntil(40), USER)).toBe(missed);
});

it('counts no message that the page had before, although the hub tells of it only afterwards', () => {
  const missed = withMissed(new Map(), [said(10), said(20), said(30)], breakUntil(40, 20), USER);
  expect(missed.get(CHAT)).toEqual({ first_id: message(30).id, last_place: 30, count: 1 });
});

/** What happened, in the order in which the hub tells of it: messages of three chats, of which each has its own order. */
const happened = fc
  .array(fc.record({ chat: fc.constantFrom('a', 'b', 'c'), isOwn: fc.boolean(), under: fc.constantFrom(1, 2) }))
  .map((all) =>
    all.map((each, at) => ({ ...each, seq: all.slice(0, at).filter(({ chat }) => chat === each.chat).length + 1 })),
  );

it('counts in every chat what others wrote before the end of the break, however late and in whatever frames it is told', () => {
  const property = fc.property(happened, fc.nat(12), fc.integer({ min: 1, max: 5 }), (all, back, atOnce) => {
    const notifications = all.flatMap(({ chat, isOwn, under, seq }) => {
      const about = said(seq, isOwn ? { sender_type: 'user', sender_id: USER } : {});
      const paths = ['routed_chats', 'chats'].slice(0, under);
      return paths.map((path) => ({ ...about, channel: `/api/v5/users/${USER}/${path}/${chat}/messages` }));
    });
    let missed: CatchUp = new Map();
    for (let from = 0; from < notifications.length; from += atOnce) {
      missed = withMissed(missed, notifications.slice(from, from + atOnce), breakUntil(back), USER);
    }
    for (const chat of ['a', 'b', 'c']) {
      const isMissed = (each: (typeof all)[number]) => each.chat === chat && !each.isOwn && each.seq <= back;
      const those = all.filter(isMissed).map(({ seq }) => message(seq).id);
      expect([missed.get(chat)?.first_id, missed.get(chat)?.count ?? 0]).toEqual([those[0], those.length]);
    }
  });
  fc.assert(property);
});
