import { describe, expect, it } from 'vitest';
import { applyNotifications, CHANNELS } from '../../../src/console-app/replica/apply-notification.ts';
import { type InboxRow, type Known, NOTHING_KNOWN, type Thread } from '../../../src/console-app/replica/known.ts';
import type { LiveNotification } from '../../../src/resources/live-frames.ts';
import { subscribedTopic } from '../../../src/resources/topic.ts';
import { CHAT, chat, membership, message, ROW, THREAD, told, USER, VISITOR } from '../../support/console-copy.ts';

function known(row: Partial<InboxRow> = {}, thread: Partial<Thread> | null = {}): Known {
  return {
    ...NOTHING_KNOWN,
    rows: new Map([[CHAT, { ...ROW, ...row }]]),
    threads: thread === null ? new Map() : new Map([[CHAT, { ...THREAD, ...thread }]]),
  };
}

const copyAfter = (before: Known, ...notifications: LiveNotification[]) => {
  const next = applyNotifications(before, notifications, USER);
  return { ...next, row: next.rows.get(CHAT), thread: next.threads.get(CHAT) };
};

const said = (seq: number, change = {}) => {
  const each = message(seq, change);
  return told('messages', 'added', each.id, each);
};
const textsOf = (thread: Thread | undefined) => thread?.messages.map(({ message }) => message);

it('subscribes to channels that exist', () => {
  for (const channel of CHANNELS) {
    expect([channel, subscribedTopic(channel, { organization_id: 'o', user_id: USER })]).toEqual([
      channel,
      { topic: expect.any(Object) },
    ]);
  }
});

describe('messages', () => {
  it('are added once and in their order, whatever comes twice or late', () => {
    const { row, thread } = copyAfter(known(), said(10), said(30), said(20), said(30), said(10));
    expect(textsOf(thread)).toEqual(['message 10', 'message 20', 'message 30']);
    expect(row?.last_message).toMatchObject({ id: message(30).id, message: 'message 30', attachment_count: 0 });
  });

  it('that are older than what is loaded wait for their page', () => {
    const loaded = { messages: [message(20)], older: '/older' };
    expect(textsOf(copyAfter(known({}, loaded), said(10)).thread)).toEqual(['message 20']);
    expect(textsOf(copyAfter(known({}, { ...loaded, older: null }), said(10)).thread)).toEqual([
      'message 10',
      'message 20',
    ]);
  });

  it('change in the thread, and in the row while they are its last', () => {
    const edited = (seq: number) =>
      told('messages', 'changed', message(seq).id, { message: 'edited', is_edited: true });
    const before = copyAfter(known(), said(10), said(20));
    expect(textsOf(copyAfter(before, edited(10)).thread)).toEqual(['edited', 'message 20']);
    expect(copyAfter(before, edited(10)).row?.last_message?.message).toBe('message 20');
    expect(copyAfter(before, edited(20)).row?.last_message?.message).toBe('edited');
    expect(copyAfter(before, edited(99)).thread).toEqual(before.thread);
  });

  it('of other types than msg are in the thread only', () => {
    const { row, thread } = copyAfter(known(), said(10, { type: 'join', message: null }));
    expect([row?.last_message, thread?.messages.length]).toEqual([null, 1]);
  });

  it('are cut in the row, by whole characters', () => {
    const { row } = copyAfter(known(), said(10, { message: '😀'.repeat(150) }));
    expect(row?.last_message?.message).toBe('😀'.repeat(140));
  });
});

describe('unread messages', () => {
  const own = { is_participating: true, last_seen_at: null, unread_count: 0, message_count: 0 };
  const counted = (message_count: number) => told('', 'changed', CHAT, { message_count });
  const wrote = (message_count: number) => told('memberships', 'changed', USER, { message_count });
  const unread = (...told: LiveNotification[]) => copyAfter(known({ own }), ...told).row?.own.unread_count;

  it('are those of others, and count once', () => {
    expect(unread(counted(1), said(10), counted(1), said(10))).toBe(1);
    expect(unread(counted(1), counted(2), wrote(1), counted(3))).toBe(2);
    expect(copyAfter(known(), counted(1), said(10)).row?.own.unread_count).toBeNull();
  });

  it('are there also when the own message that follows them was told first', () => {
    const mine = said(20, { sender_type: 'user', sender_id: USER });
    expect(unread(mine, counted(1), said(10), counted(2), wrote(1), mine)).toBe(1);
  });

  it('are none when the last message was seen', () => {
    const before = copyAfter(known({ own }), counted(1), said(10), counted(2), said(20));
    const saw = (seq: number) => told('memberships', 'changed', USER, { last_seen_at: message(seq).created_at });
    expect(copyAfter(before, saw(10)).row?.own.unread_count).toBe(2);
    expect(copyAfter(before, saw(20)).row?.own).toMatchObject({
      unread_count: 0,
      last_seen_at: message(20).created_at,
    });
    expect(copyAfter(before, saw(20), counted(3)).row?.own.unread_count).toBe(1);
  });
});

describe('memberships', () => {
  const joined = (id: string, change = {}, chats?: string) =>
    told('memberships', 'added', id, membership(id, change), chats);

  it('of users who take part are participants, in the order of their ids', () => {
    const [one, two] = [message(40).id, message(50).id];
    const { row, thread } = copyAfter(known(), joined(two), joined(one), joined(one, {}, 'chats'));
    expect(row?.participants.map(({ member_id }) => member_id)).toEqual([one, two]);
    expect([...(thread?.memberships.keys() ?? [])]).toEqual([two, one]);
    const left = copyAfter(
      { ...known(), ...{ rows: new Map([[CHAT, row ?? ROW]]) } },
      told('memberships', 'changed', one, { is_participating: false }),
    );
    expect(left.row?.participants.map(({ member_id }) => member_id)).toEqual([two]);
  });

  it('of a silent member who begins to take part need the whole membership', () => {
    const id = message(40).id;
    const begins = told('memberships', 'changed', id, { is_participating: true });
    expect(copyAfter(known({}, null), begins).staleRows).toEqual(new Set([CHAT]));
    const silent = { memberships: new Map([[id, membership(id, { is_participating: false })]]) };
    const { row, staleRows } = copyAfter(known({}, silent), begins);
    expect([row?.participants.length, staleRows.size]).toEqual([1, 0]);
  });

  it('of who begins, stops and begins again are known within what is applied at once', () => {
    const id = message(40).id;
    const takesPart = (is_participating: boolean) => told('memberships', 'changed', id, { is_participating });
    const silent = told('memberships', 'added', id, membership(id, { is_participating: false }));
    const { row, staleRows } = copyAfter(known({}, null), silent, takesPart(true), takesPart(false), takesPart(true));
    expect([row?.participants.length, staleRows.size]).toEqual([1, 0]);
    const there = copyAfter(known({ participants: row?.participants ?? [] }, null), takesPart(false), takesPart(true));
    expect([there.row?.participants, there.staleRows.size]).toEqual([row?.participants, 0]);
  });

  it('of the visitor give name and presence', () => {
    const { row } = copyAfter(
      known(),
      told('memberships', 'changed', VISITOR, { member_name: 'Jane Doe', is_present: true }),
    );
    expect(row?.visitor).toEqual({ id: VISITOR, name: 'Jane Doe', is_present: true });
  });

  it('of the user are their own part, also as chat_memberships', () => {
    const { row } = copyAfter(known({ chat: { ...chat, message_count: 3 } }), joined(USER));
    expect(row?.own).toEqual({ is_participating: true, last_seen_at: null, unread_count: 3, message_count: 0 });
    const channel = `/api/v5/users/${USER}/chat_memberships`;
    const gone = { channel, action: 'removed' as const, resource_id: CHAT, resource: { id: CHAT } };
    expect(copyAfter({ ...known(), rows: new Map([[CHAT, row ?? ROW]]) }, gone).row?.own.unread_count).toBeNull();
  });

  it('that only type leave the row as it is', () => {
    const before = copyAfter(known(), joined(USER));
    const types = told('memberships', 'changed', USER, { composing_status: 'typing' });
    const { row, thread } = copyAfter(before, types);
    expect(row).toBe(before.row);
    expect(copyAfter(before, { ...types, resource_id: VISITOR }).row).toBe(before.row);
    expect(thread?.memberships.get(USER)?.composing_status).toBe('typing');
  });
});

describe('tags, suggestions and invitations', () => {
  it('come and go by their names and ids', () => {
    const tag = (name: string) => told('tags', 'added', name, { name, created_at: chat.created_at });
    const both = copyAfter(known(), tag('b'), tag('a'), tag('b'));
    expect(both.row?.tags).toEqual(['a', 'b']);
    expect(copyAfter(both, told('tags', 'removed', 'a')).row?.tags).toEqual(['b']);
    const suggested = told('reply_suggestions', 'added', 's', { id: 's', suggestion: 'Yes.' });
    const better = told('reply_suggestions', 'changed', 's', { suggestion: 'Yes!' });
    expect(copyAfter(known(), suggested, better).thread?.suggestions.get('s')).toEqual({ id: 's', suggestion: 'Yes!' });
    const channel = `/api/v5/users/${USER}/incoming_chat_invitations`;
    const invited = { channel, action: 'added' as const, resource_id: 'i', resource: { id: 'i', is_accepted: false } };
    const accepted = { ...invited, action: 'changed' as const, resource: { is_accepted: true } };
    expect(copyAfter(known(), invited, accepted).invitations.get('i')).toEqual({ id: 'i', is_accepted: true });
    const sent = told('outgoing_chat_invitations', 'added', 'o', { id: 'o', is_expired: false }, 'chats');
    const takenBack = told('outgoing_chat_invitations', 'changed', 'o', { is_expired: true }, 'chats');
    expect(copyAfter(known(), sent, takenBack).thread?.outgoing.get('o')).toEqual({ id: 'o', is_expired: true });
  });
});

it('drafts are told whole, and shown in the row by their first characters', () => {
  const channel = `/api/v5/users/${USER}/drafts`;
  const draft = { chat_id: CHAT, message: 'x'.repeat(200), updated_at: chat.created_at };
  const begun = { channel, action: 'changed' as const, resource_id: CHAT, resource: draft };
  const before = copyAfter(known(), begun);
  expect(before.row?.draft?.message).toBe('x'.repeat(140));
  expect(before.drafts.get(CHAT)).toEqual(draft);
  const ended = copyAfter(before, { ...begun, action: 'removed', resource: { id: CHAT } });
  expect(ended.row?.draft).toBe(null);
  expect(ended.drafts.has(CHAT)).toBe(false);
  expect(copyAfter(NOTHING_KNOWN, begun).staleRows.size).toBe(0);
});

describe('a chat', () => {
  it('changes by its attributes', () => {
    const ended = told('', 'changed', CHAT, { is_ended: true });
    expect(copyAfter(known(), ended).row?.chat).toEqual({ ...chat, is_ended: true });
  });

  it('without a row must be read', () => {
    for (const notification of [
      told('', 'added', CHAT, chat),
      told('', 'changed', CHAT, { is_ended: true }),
      said(10),
    ]) {
      const { staleRows, staleThreads, row } = copyAfter(NOTHING_KNOWN, notification);
      expect([staleRows, staleThreads.size, row]).toEqual([new Set([CHAT]), 0, undefined]);
    }
  });

  it('that left a collection or was purged must be read again, and stays shown until then', () => {
    for (const notification of [told('', 'removed', CHAT, undefined, 'chats'), told('purges', 'added', 'p', {})]) {
      const { staleRows, staleThreads, row } = copyAfter(known(), notification);
      expect([staleRows, staleThreads, row]).toEqual([new Set([CHAT]), new Set([CHAT]), ROW]);
    }
  });
});

it('shares what has not changed, and leaves the copy before it as it was', () => {
  const before = known();
  const next = applyNotifications(before, [said(10)], USER);
  expect(before.rows.get(CHAT)).toEqual(ROW);
  expect(next.threads.get(CHAT)?.memberships).toBe(THREAD.memberships);
  expect(applyNotifications(before, [], USER)).toBe(before);
  const suggested = told('reply_suggestions', 'added', 's', { id: 's' });
  const other = applyNotifications(next, [suggested], USER);
  expect([other.rows === next.rows, other.threads === next.threads]).toEqual([true, false]);
});
