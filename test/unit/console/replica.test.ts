import { describe, expect, it } from 'vitest';
import { type Invitation, receivedAt } from '../../../src/console-app/replica/known.ts';
import type { HubAnswer, HubRequest, SocketEvents } from '../../../src/console-app/replica/ports.ts';
import { Replica } from '../../../src/console-app/replica/replica.ts';
import { rowsOfView, viewKey } from '../../../src/console-app/replica/views.ts';
import type { HubFrame, LiveNotification } from '../../../src/resources/live-frames.ts';
import { CHAT, membership, message, ROW, told, USER } from '../../support/console-copy.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const OPEN = { view: 'open', order: 'created', room_id: null } as const;
const page = (results: object[]): HubAnswer => ({ status: 200, body: { results, next: null }, retryAfter: null });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A replica whose hub is the test. `answers`: what REST says of a path, by its end; a test changes it. */
function open() {
  const clock = new ManualClock();
  const sockets: SocketEvents[] = [];
  const requests: HubRequest[] = [];
  const answers: Record<string, HubAnswer> = {
    inbox: page([ROW]),
    counts: { status: 200, body: { waiting: 0, mine: 0, mentioned: 0, open: 1, bot: 0 }, retryAfter: null },
    incoming_chat_invitations: page([]),
    messages: page([]),
    memberships: page([]),
    reply_suggestions: page([]),
    outgoing_chat_invitations: page([]),
    drafts: page([]),
    mentioned: page([]),
  };
  const replica = new Replica({
    userId: USER,
    left: null,
    clock,
    storage: new MemoryStorage(),
    random: () => 0,
    newKey: () => 'key',
    isSignedIn: async () => true,
    soon: (run) => run(),
    onFault: (fault) => {
      throw fault;
    },
    openSocket: (events) => {
      sockets.push(events);
      return { send: (text) => text === 'ping' && events.onText('pong'), close: () => {} };
    },
    call: async (request) => {
      requests.push(request);
      const end = request.path.split('?')[0]?.split('/').at(-1) ?? '';
      const name = request.path.includes('view=mentioned') ? 'mentioned' : end;
      return answers[name] ?? { status: 404, body: { detail: 'Not found.' }, retryAfter: null };
    },
  });
  const say = (frame: HubFrame) => sockets.at(-1)?.onText(JSON.stringify(frame));
  return {
    replica,
    clock,
    answers,
    requests,
    asked: (name: string) =>
      requests.filter(({ path }) => !path.includes('view=mentioned') && path.split('?')[0]?.endsWith(`/${name}`))
        .length,
    say,
    /** `openedAt`: by the clock of the hub (ms), which is not that of the page. */
    connects: (number: number, openedAt = 0) => {
      say({ type: 'welcome', number, time: new Date(openedAt).toISOString() });
      say({ type: 'subscribed', channels: [], refused: [], refused_count: 0, number });
    },
    tells: (number: number | null, ...notifications: LiveNotification[]) =>
      say({ type: 'notifications', number, notifications }),
    breaks: () => sockets.at(-1)?.onClose(1006, ''),
    rows: () => {
      const { known, views } = replica.getState();
      const view = views.get(viewKey(OPEN));
      return view === undefined ? [] : rowsOfView(known, view);
    },
    thread: () => replica.getState().known.threads.get(CHAT),
  };
}

async function live() {
  const hub = open();
  hub.replica.showView(OPEN);
  hub.replica.openChat(CHAT);
  hub.replica.start();
  hub.connects(10);
  await settled();
  return hub;
}

const said = (seq: number) => told('messages', 'added', message(seq).id, message(seq));

describe('a replica', () => {
  it('reads the lists at once, the rest when it is told of changes, and without a socket after 3 s', async () => {
    const hub = open();
    hub.replica.showView(OPEN);
    hub.replica.start();
    await settled();
    hub.replica.openChat(CHAT);
    expect(hub.rows()).toEqual([ROW]);
    expect(hub.requests.map(({ path }) => path.split('?')[0])).toEqual([`/api/v5/users/${USER}/inbox`]);
    hub.clock.pass(3000);
    await settled();
    expect([hub.asked('inbox'), hub.asked('counts'), hub.asked('messages')]).toEqual([1, 1, 1]);
    hub.connects(10);
    await settled();
    expect([hub.asked('inbox'), hub.asked('counts'), hub.asked('messages')]).toEqual([2, 2, 2]);
  });

  it('reads the lists once more when D1 has what happened before it was told of changes', async () => {
    const hub = await live();
    expect([hub.asked('inbox'), hub.asked('messages')]).toEqual([1, 1]);
    hub.answers['inbox'] = page([]);
    hub.clock.pass(5000);
    await settled();
    expect([hub.asked('inbox'), hub.asked('messages')]).toEqual([2, 1]);
  });

  it('applies again what it was told shortly before a request, since lists are a moment behind', async () => {
    const hub = await live();
    hub.tells(11, said(20));
    hub.clock.pass(5000);
    await settled();
    expect([hub.asked('inbox'), hub.rows()[0]?.last_message?.id]).toEqual([2, message(20).id]);
  });

  it('shows no text again that was purged right after it was told', async () => {
    const hub = await live();
    hub.tells(11, said(20));
    expect(hub.thread()?.messages[0]?.message).toBe('message 20');
    const left = { ...message(20), message: null, sensitive_data_purged_at: '2026-11-21T12:01:00.000Z' };
    hub.answers['messages'] = page([left]);
    hub.answers[CHAT] = { status: 200, body: ROW, retryAfter: null };
    hub.tells(12, told('purges', 'added', 'p', {}));
    for (let second = 0; second < 5; second++) {
      await settled();
      hub.clock.pass(1_000);
    }
    expect(hub.thread()?.messages).toEqual([left]);
    // At once, and while D1's copy may not have the purge yet.
    expect(hub.asked('messages')).toBeLessThanOrEqual(4);
    expect(JSON.stringify([...hub.replica.getState().known.rows.values()])).not.toContain('message 20');
  });

  it('reads everything again after a reset, and applies nothing from before it', async () => {
    const hub = await live();
    hub.tells(11, said(20));
    expect(hub.thread()?.messages).toHaveLength(1);
    hub.answers['messages'] = page([message(30)]);
    hub.say({ type: 'reset', number: 50 });
    expect(hub.thread()?.messages).toHaveLength(1);
    await settled();
    expect([hub.thread()?.messages, hub.rows()]).toEqual([[message(30)], [ROW]]);
  });

  it('reads after a break what mentions the user, since it is not told again', async () => {
    const hub = await live();
    const mention = { chat_id: CHAT, note_id: 'n', created_at: '2026-11-21T12:00:00.000Z' };
    hub.answers['mentioned'] = page([{ ...ROW, mention }]);
    expect(hub.rows()[0]?.mention).toBeNull();
    hub.breaks();
    hub.clock.pass(2000);
    hub.connects(10);
    await settled();
    expect(hub.rows()[0]?.mention).toEqual(mention);
    hub.answers['mentioned'] = page([]);
    hub.breaks();
    hub.clock.pass(2000);
    hub.connects(10);
    await settled();
    expect(hub.rows()[0]?.mention).toBeNull();
  });

  it('reads the row of a chat that it does not know, and drops a chat that is not there', async () => {
    const hub = open();
    hub.answers['inbox'] = page([]);
    hub.replica.showView(OPEN);
    hub.replica.start();
    hub.connects(10);
    await settled();
    hub.answers[CHAT] = { status: 200, body: ROW, retryAfter: null };
    hub.tells(11, told('', 'added', CHAT, ROW.chat));
    await settled();
    expect(hub.rows()).toHaveLength(1);
    delete hub.answers[CHAT];
    hub.tells(12, told('', 'removed', CHAT));
    for (const wait of [0, 1000, 1000, 2000]) {
      hub.clock.pass(wait);
      await settled();
    }
    expect([hub.rows(), hub.asked(CHAT), hub.replica.getState().known.staleRows.size]).toEqual([[], 4, 0]);
  });

  it('reads the invitations that were sent from a chat of which the user is a member', async () => {
    const hub = open();
    const own = { is_participating: true, last_seen_at: null, unread_count: 0, message_count: 0 };
    hub.answers['inbox'] = page([{ ...ROW, own }]);
    hub.answers['outgoing_chat_invitations'] = page([{ id: 'o', is_expired: false }]);
    hub.replica.showView(OPEN);
    hub.replica.start();
    hub.connects(10);
    await settled();
    hub.replica.openChat(CHAT);
    await settled();
    expect(hub.thread()?.outgoing.get('o')).toEqual({ id: 'o', is_expired: false });
  });

  it('counts the chats of the room that was chosen last, and shows nothing that was counted for another', async () => {
    const hub = await live();
    hub.replica.countRoom('a room');
    hub.replica.countRoom('a room');
    await settled();
    expect(hub.requests.filter(({ path }) => path.endsWith('/counts?room_id=a%20room'))).toHaveLength(1);
    hub.replica.countRoom(null);
    await settled();
    expect([hub.asked('counts'), hub.replica.getState().counts?.open]).toEqual([3, 1]);
  });

  it('takes an invitation that was answered before the socket tells of it', async () => {
    const hub = open();
    const invitation = { id: 'i', is_accepted: false, is_expired: false } as Invitation;
    hub.answers['incoming_chat_invitations'] = page([invitation]);
    hub.replica.start();
    hub.connects(10);
    await settled();
    hub.replica.tellInvitation({ ...invitation, is_accepted: true });
    expect(hub.replica.getState().known.invitations.get('i')).toMatchObject({ is_accepted: true });
  });

  it('reads the lists instead of very many rows', async () => {
    const hub = await live();
    const ids = Array.from({ length: 51 }, (_, place) => message(1000 + place).id);
    hub.tells(11, ...ids.map((id) => told('', 'added', id, { ...ROW.chat, id })));
    const rows = ids.map((id) => ({ ...ROW, chat: { ...ROW.chat, id } }));
    hub.answers['inbox'] = page([ROW, ...rows]);
    const before = hub.requests.length;
    hub.clock.pass(2000);
    await settled();
    const since = hub.requests.slice(before).map(({ path }) => path.split('?')[0]?.split('/').at(-1));
    expect([hub.rows().length, since.sort()]).toEqual([52, ['counts', 'inbox']]);
  });

  it('keeps what the socket tells of an own message before the answer to its sender, which is older then', async () => {
    const hub = await live();
    hub.answers['messages'] = { status: 200, body: message(20), retryAfter: null };
    hub.replica.send(CHAT, { message: 'message 20' });
    hub.tells(11, said(20));
    hub.tells(12, told('messages', 'changed', message(20).id, { delivery_status: 'failed' }));
    await settled();
    expect([hub.thread()?.messages, hub.replica.getState().outbox]).toMatchObject([
      [{ delivery_status: 'failed' }],
      [],
    ]);
  });

  it('ends a view that is not said again after 30 s, and reads the notes of a chat when it is asked to', async () => {
    const hub = await live();
    const viewers = () => [...(hub.replica.getState().known.viewers.get(CHAT)?.keys() ?? [])];
    const looks = told('viewers', 'changed', 'jones', { user_id: 'jones', name: 'Jones', expires_at: '' });
    hub.tells(null, looks);
    hub.clock.pass(20_000);
    hub.tells(null, looks);
    hub.clock.pass(29_000);
    expect(viewers()).toEqual(['jones']);
    hub.clock.pass(1_000);
    expect(viewers()).toEqual([]);

    const note = { id: 'n', chat_id: CHAT, user_id: USER, user_name: 'Smith', message: 'Careful.', created_at: '' };
    hub.answers['notes'] = page([note]);
    hub.replica.readNotes(CHAT);
    hub.tells(null, told('notes', 'added', 'm', { ...note, id: 'm' }));
    await settled();
    expect([...(hub.replica.getState().known.notes.get(CHAT)?.keys() ?? [])]).toEqual(['n', 'm']);
    hub.replica.tell('notes', CHAT, 'n', null);
    expect([...(hub.replica.getState().known.notes.get(CHAT)?.keys() ?? [])]).toEqual(['m']);
  });

  it('reads notes that are here only after a break, and those of a chat that it has forgotten', async () => {
    const hub = await live();
    const read = async () => {
      hub.replica.readNotes(CHAT);
      await settled();
      return hub.asked('notes');
    };
    hub.answers['notes'] = { status: 500, body: null, retryAfter: null };
    expect(await read()).toBe(1);
    hub.answers['notes'] = page([]);
    hub.clock.pass(1000);
    await settled();
    expect([await read(), await read()]).toEqual([2, 2]);
    hub.breaks();
    hub.clock.pass(1000);
    hub.connects(15);
    expect([await read(), await read()]).toEqual([3, 3]);
    hub.replica.closeChat(CHAT);
    expect(await read()).toBe(4);
  });

  it('ends a typing that nobody ended after 15 s', async () => {
    const hub = await live();
    hub.tells(11, told('memberships', 'added', USER, membership(USER)));
    hub.tells(null, told('memberships', 'changed', USER, { composing_status: 'typing' }));
    const composing = () => hub.thread()?.memberships.get(USER)?.composing_status;
    hub.clock.pass(14_999);
    expect(composing()).toBe('typing');
    hub.clock.pass(1);
    expect(composing()).toBe('typed');
  });

  it('marks what the hub got before the end of a break of 30 s, whenever it tells of it, and only that', async () => {
    const hub = await live();
    hub.breaks();
    hub.clock.pass(31_000);
    hub.connects(12, receivedAt(message(40)));
    hub.tells(12, said(20));
    hub.breaks();
    hub.clock.pass(1000);
    hub.connects(13, receivedAt(message(60)));
    hub.tells(15, said(40));
    hub.tells(16, said(50));
    expect(hub.replica.getState().missed.get(CHAT)).toMatchObject({ first_id: message(20).id, count: 2 });
    hub.replica.forgetMissed(CHAT);
    hub.tells(17, said(70));
    expect(hub.replica.getState().missed.size).toBe(0);
  });

  it('counts again at most every 2 s while the numbers change', async () => {
    const hub = await live();
    for (let number = 11; number < 20; number++)
      hub.tells(number, told('', 'changed', CHAT, { is_pending: number % 2 === 0 }));
    expect(hub.asked('counts')).toBe(1);
    hub.clock.pass(2000);
    await settled();
    expect(hub.asked('counts')).toBe(2);
    hub.tells(20, told('', 'changed', CHAT, { message_count: 3 }));
    hub.clock.pass(2000);
    expect(hub.asked('counts')).toBe(2);
  });

  it('says that the session has ended when REST does, and goes on after the next sign-in', async () => {
    const hub = open();
    hub.answers['inbox'] = { status: 401, body: null, retryAfter: null };
    hub.replica.showView(OPEN);
    hub.replica.start();
    hub.connects(10);
    await settled();
    expect(hub.replica.getState().isSignedOut).toBe(true);
    hub.answers['inbox'] = page([ROW]);
    hub.replica.signedIn();
    await settled();
    expect([hub.replica.getState().isSignedOut, hub.rows()]).toEqual([false, [ROW]]);
  });

  it('says that an opened chat is not the user’s to see', async () => {
    const hub = open();
    hub.answers['messages'] = { status: 404, body: { detail: 'Chat not found.' }, retryAfter: null };
    hub.replica.openChat(CHAT);
    hub.replica.start();
    hub.connects(10);
    await settled();
    expect(hub.replica.getState().threadLoads.get(CHAT)).toEqual({
      is: 'failed',
      status: 404,
      reason: 'Chat not found.',
    });
  });
});
