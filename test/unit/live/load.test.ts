import { describe, expect, it } from 'vitest';
import { HubLoad, MOST_UNACKNOWLEDGED } from '../../../src/live/hub-load.ts';
import type { LiveSocket } from '../../../src/live/live-socket.ts';
import { match } from '../../../src/notifications/match.ts';
import type { Kind, ThreadUpdate } from '../../../src/notifications/notifications.ts';
import type { UserSubscriber } from '../../../src/notifications/subscriber.ts';
import { subscribedTopic } from '../../../src/resources/topic.ts';
import { CHAT, newSocket, ORGANIZATION, OWNER, ROOM, USER, updateOf } from '../../support/sample-sockets.ts';

const OTHER = '0190a000-0000-7000-8000-0000000000ee';

/** Everything is routed to this user, who has every right. */
const SUBSCRIBER: UserSubscriber = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: USER,
  has_reports: true,
  keeps_private_history: false,
  reach: { organization_id: ORGANIZATION, room_ids: [] },
  history_reach: { organization_id: ORGANIZATION, room_ids: [] },
  member_reach: { organization_id: ORGANIZATION, room_ids: [] },
  organization_reach: { organization_id: ORGANIZATION, room_ids: [] },
  stands_for: [USER, ORGANIZATION],
};

function subscription(text: string, since = 0) {
  const read = subscribedTopic(text, { organization_id: ORGANIZATION, user_id: USER });
  if ('problem' in read) throw new Error(`${text}: ${read.problem}`);
  return { text, topic: read.topic, since };
}

/** An event about one resource of a kind, in a chat of the user. */
function about(kind: Kind, place: Partial<ThreadUpdate['place']> = {}): ThreadUpdate {
  const event = updateOf(1);
  const notifications = event.notifications.map((each) => ({
    ...each,
    kind,
    message_id: kind === 'reply_suggestion' ? OTHER : null,
    member_id: USER,
    inviter_id: USER,
    resource: { chat_id: CHAT },
  }));
  return {
    ...event,
    notifications,
    place: {
      ...event.place,
      users: { open: [USER], silent: [], before: {} },
      organizations: { open: [ORGANIZATION], silent: [], before: {} },
      is_pending: true,
      was_pending: true,
      ...place,
    },
  };
}

describe('the subscriptions of a hub', () => {
  const own = `/api/v5/orgs/${ORGANIZATION}`;
  const mine = `/api/v5/users/${USER}`;
  const parts = (chats: string) =>
    ['*', CHAT, OTHER].flatMap((chat) => [
      `${chats}/${chat}/messages`,
      `${chats}/${chat}/memberships`,
      `${chats}/${chat}/tags`,
      `${chats}/${chat}/reply_suggestions`,
      `${chats}/${chat}/messages/*/reply_suggestions`,
      `${chats}/${chat}/messages/${OTHER}/reply_suggestions`,
    ]);
  const lists = [
    `${own}/owned_chats`,
    `${own}/routed_chats`,
    `${own}/involved_chats`,
    `${own}/rooms/*/chats`,
    `${own}/rooms/${ROOM}/chats`,
    `${own}/rooms/${OTHER}/pending_chats`,
    `${own}/rooms/${ROOM}/pending_chats`,
    `${own}/rooms/*/visitors/*/chats`,
    `${own}/rooms/${ROOM}/visitors/${'a'.repeat(32)}/chats`,
    `${mine}/chats`,
    `${mine}/routed_chats`,
    `${mine}/pending_chats`,
  ];
  const patterns = [
    ...lists.flatMap((list) => [list, ...parts(list)]),
    `${mine}/chat_memberships`,
    `${mine}/chats/*/outgoing_chat_invitations`,
    `${mine}/incoming_chat_invitations`,
  ];
  const events: ThreadUpdate[] = (
    ['chat', 'message', 'membership', 'tag', 'reply_suggestion', 'invitation'] as const
  ).flatMap((kind) => [
    about(kind),
    about(kind, { room: null }),
    about(kind, { visitor_id: 'a'.repeat(32), users: { open: [], silent: [], before: {} } }),
  ]);

  it('are found for every event that they match, by any topic', () => {
    const load = new HubLoad<LiveSocket>(() => {});
    const { socket } = newSocket(0, OWNER, load);
    for (const text of patterns) socket.subscribe(subscription(text));
    let matches = 0;
    for (const event of events) {
      const found = load.subscriptions.matching(1, event).get(socket) ?? [];
      for (const each of socket.subscriptions.values()) {
        const isTold = event.notifications.some((one) => match(event, one, each.topic, SUBSCRIBER) !== null);
        if (!isTold) continue;
        matches += 1;
        expect(found).toContain(each);
      }
    }
    expect(matches).toBeGreaterThan(100);
  });

  it('are not compared when they cover only others’ chats or were made after the event', () => {
    const load = new HubLoad<LiveSocket>(() => {});
    const [near, far, late] = [newSocket(0, OWNER, load), newSocket(0, OWNER, load), newSocket(0, OWNER, load)];
    near.socket.subscribe(subscription(`${mine}/chats/*/messages`));
    far.socket.subscribe(subscription(`${own}/owned_chats/${OTHER}/messages`));
    late.socket.subscribe(subscription(`${own}/owned_chats/*/messages`, 5));
    expect([...load.subscriptions.matching(5, about('message')).keys()]).toEqual([near.socket]);
    expect([...load.subscriptions.matching(6, about('message')).keys()]).toEqual([late.socket, near.socket]);
    expect(
      load.subscriptions
        .matching(6, about('message', { users: { open: [OTHER], silent: [], before: {} }, room: null }))
        .has(near.socket),
    ).toBe(false);
  });

  it('are removed with their socket', () => {
    const load = new HubLoad<LiveSocket>(() => {});
    const { socket } = newSocket(0, OWNER, load);
    for (const text of patterns) socket.subscribe(subscription(text));
    expect([load.subscriptions.size, load.freeSubscriptions, load.sockets]).toEqual([
      patterns.length,
      50_000 - patterns.length,
      1,
    ]);
    expect([socket.unsubscribe(`${own}/owned_chats`), socket.unsubscribe(`${own}/owned_chats`)]).toEqual([true, false]);
    socket.leave();
    expect([load.subscriptions.size, load.sockets, socket.subscriptions.size]).toEqual([0, 0, 0]);
    expect(load.subscriptions.matching(1, about('chat')).size).toBe(0);
  });
});

describe('the unacknowledged frames of all sockets of a hub', () => {
  const text = 'x'.repeat(1_000_000);

  /** Twenty sockets that were sent two million characters each, which is the limit of a hub. */
  function crowd() {
    const full: number[] = [];
    const load = new HubLoad<LiveSocket>((now) => full.push(now));
    const sockets = Array.from({ length: 20 }, () => newSocket(0, OWNER, load));
    for (const number of [1, 2]) for (const { socket } of sockets) socket.send(text, number, 7);
    return { load, sockets, full };
  }

  it('are counted until they are acknowledged or their socket is closed', () => {
    const { load, sockets } = crowd();
    expect(load.unacknowledged).toBe(MOST_UNACKNOWLEDGED);
    sockets[0]?.socket.acknowledge(2);
    sockets[1]?.socket.leave();
    expect(load.unacknowledged).toBe(MOST_UNACKNOWLEDGED - 4_000_000);
  });

  it('are limited: a socket above an equal share is paused and asked to acknowledge', () => {
    const { load, sockets, full } = crowd();
    const [greedy, modest] = [sockets[0], newSocket(0, OWNER, load)];
    greedy?.socket.send('more', 3, 8);
    expect([greedy?.socket.isPaused, full]).toEqual([true, [8]]);
    expect(JSON.parse(greedy?.recorder.sent.at(-1) ?? '')).toEqual({ type: 'acknowledge' });
    modest.socket.send('a little', 3, 8);
    expect([modest.socket.isPaused, modest.recorder.sent]).toEqual([false, ['a little']]);
    greedy?.socket.acknowledge(3);
    expect([greedy?.socket.isPaused, greedy?.socket.state.window]).toEqual([false, []]);
  });

  it('lead to another request while the client acknowledges too little', () => {
    const { load, sockets } = crowd();
    const one = sockets[0]?.socket;
    one?.send(text, 3, 8);
    const others = Array.from({ length: 4 }, () => newSocket(0, OWNER, load));
    for (const { socket } of others) socket.send(text, 3, 8);
    one?.acknowledge(1);
    expect([one?.isPaused, sockets[0]?.recorder.sent.filter((sent) => sent.includes('"acknowledge"')).length]).toEqual([
      true,
      2,
    ]);
    one?.acknowledge(3);
    expect(one?.isPaused).toBe(false);
  });

  it('stop even answers above a further quarter', () => {
    const { load, sockets } = crowd();
    const one = sockets[0]?.socket;
    one?.send('more', 3, 8);
    expect([one?.isStalled, load.isOverloaded]).toEqual([false, false]);
    for (let count = 0; count < 10; count++) newSocket(0, OWNER, load).socket.send(text, 3, 8);
    expect([one?.isStalled, load.isOverloaded]).toEqual([true, true]);
  });

  it('are restored from the state that survives the hub’s sleep', () => {
    const { sockets } = crowd();
    const load = new HubLoad<LiveSocket>(() => {});
    const state = sockets[0]?.socket.state;
    if (state === undefined) throw new Error('there are twenty');
    newSocket(0, OWNER, load, state);
    expect([load.unacknowledged, load.sockets]).toEqual([2_000_000, 1]);
  });
});
