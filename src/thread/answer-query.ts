import { hasIdentity } from '../domain/address.ts';
import { type ThreadEvent, upcastEvent } from '../domain/events.ts';
import { textsSince } from '../domain/grants.ts';
import type {
  Query,
  Reading,
  ReadingOf,
  ReadMessages,
  ReadSource,
  ReadSuggestions,
  TellNote,
  ViewChat,
} from '../domain/queries.ts';
import type { Result, ThreadRefusal } from '../domain/refusals.ts';
import { type ChatState, membersIn, type ThreadState } from '../domain/state.ts';
import { channelWebhooks, kindsOfChannel } from '../notifications/channel-webhooks.ts';
import { notificationsOf } from '../notifications/notifications.ts';
import { wholeBody } from '../notifications/webhook-body.ts';
import { hasTable } from '../platform/sqlite.ts';
import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { MemberFacts, MemberView } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import type { Receiver } from '../resources/receiver.ts';
import type { ReplySuggestionFacts } from '../resources/reply-suggestion.ts';
import type { TagFacts } from '../resources/tag.ts';
import type { EventPage, LogPage } from '../rpc/thread.ts';
import type { Typing } from './live/typing.ts';
import { readMessage } from './store/changed-messages.ts';
import { loadChat, loadSuggestions, readReceived } from './store/load.ts';
import { afterPurge, messageAfterPurge, readRunningPurge, suggestionAfterPurge } from './store/running-purges.ts';
import { readChannelDelivery } from './webhooks/kept-deliveries.ts';

/** A page ends early at this many characters of JSON: the answer of a call is limited to 32 MiB. */
const PAGE_CHARACTERS = 4_000_000;

/**
 * The members, oldest first: the visitor, who joins first, leads. Members of one moment are ordered by id, so that
 * pages agree.
 */
export function membersOf(chat: ChatState): MemberFacts[] {
  const rank = (member: MemberFacts) => (member.member_type === 'visitor' ? 0 : 1);
  const members = membersIn(chat);
  return members.sort(
    (a, b) => a.created_at - b.created_at || rank(a) - rank(b) || (a.member_id < b.member_id ? -1 : 1),
  );
}

/** Answers a query about a chat that its grant covers. `now` in ms. */
export function answerQuery(
  sql: SqlStorage,
  chat: ChatState,
  typing: Typing,
  query: Exclude<Query, ReadSource | ViewChat | TellNote>,
  now: number,
): Result<Reading> {
  const room_id = chat.facts.room?.id ?? null;
  const chat_id = chat.facts.id;
  const since = textsSince(chat, query.grant);
  const shownMessage = (id: string) => {
    const found = readMessage(sql, chat_id, id);
    if (found === null || found.event.at < (since ?? 0)) return null;
    return messageAfterPurge(found.facts, found.event.seq, readRunningPurge(sql, chat.facts.id));
  };
  switch (query.type) {
    case 'read_chat':
      return found({ chat: chat.facts });
    case 'read_rights':
      return found({ chat: chat.facts, since });
    case 'read_members':
      return found({ chat: chat.facts, members: memberViews(chat, typing, now) });
    case 'read_messages':
      return found(readMessagePage(sql, chat, query, since));
    case 'read_message': {
      const message = shownMessage(query.message_id);
      return message === null ? refused({ reason: 'message_not_found' }) : found({ message, room_id });
    }
    case 'read_delivery': {
      const message = shownMessage(query.message_id);
      if (message === null) return refused({ reason: 'message_not_found' });
      return found({ message, delivery: readChannelDelivery(sql, query.message_id) });
    }
    case 'read_tags':
      return found({ tags: tagsOf(chat), room_id });
    case 'read_invitations': {
      const sent = [...chat.invitations.values()].map(({ facts }) => facts);
      const own = sent.filter(({ invited_by_user }) => invited_by_user.id === query.invited_by_user_id);
      return found({ chat: chat.facts, invitations: own.sort((a, b) => compare(a.id, b.id)) });
    }
    case 'read_suggestions': {
      const { message_id } = query;
      const isThere = message_id === null || shownMessage(message_id) !== null;
      return isThere ? found(readSuggestionPage(sql, chat, query, since)) : refused({ reason: 'message_not_found' });
    }
    case 'read_suggestion': {
      const { message_id, suggestion_id } = query;
      const isThere = message_id === null || shownMessage(message_id) !== null;
      if (!isThere) return refused({ reason: 'message_not_found' });
      const suggestion = loadSuggestions(sql, [suggestion_id]).get(suggestion_id);
      const isIts = suggestion?.chat_id === chat_id && [null, suggestion.facts.message_id].includes(message_id);
      return isIts && suggestion.facts.created_at >= (since ?? 0)
        ? found({
            suggestion: suggestionAfterPurge(suggestion.facts, suggestion.seq, readRunningPurge(sql, chat.facts.id)),
            room_id,
          })
        : refused({ reason: 'reply_suggestion_not_found' });
    }
  }
}

function found(answer: Reading): Result<Reading> {
  return { ok: true, answer };
}

function refused(refusal: ThreadRefusal): Result<Reading> {
  return { ok: false, refusal };
}

function memberViews(chat: ChatState, typing: Typing, now: number): MemberView[] {
  return membersOf(chat).map((member) => ({
    ...member,
    composing_status: typing.statusOf(chat.facts, member.member_id, now),
  }));
}

/** The tags, oldest first. Tags of one moment are ordered by name, so that pages agree. */
function tagsOf(chat: ChatState): TagFacts[] {
  const tags = [...chat.tags.values()].map(({ facts }) => facts);
  return tags.sort((a, b) => a.created_at - b.created_at || compare(a.name, b.name));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** `since` (ms): when the reader's texts begin; null: with the chat. */
function readMessagePage(
  sql: SqlStorage,
  chat: ChatState,
  query: ReadMessages,
  since: number | null,
): ReadingOf<ReadMessages> {
  const first = since === null ? chat.first_seq : firstSeqAt(sql, chat, since);
  const order = query.descending ? 'DESC' : 'ASC';
  const hasChanges = hasTable(sql, 'changed_messages');
  const rows = sql.exec<{ seq: number; event: string; changed: string | null }>(
    `SELECT events.seq, event, ${hasChanges ? 'changed_messages.facts' : 'NULL'} AS changed FROM events
     ${hasChanges ? 'LEFT JOIN changed_messages ON message_seq = events.seq' : ''}
     WHERE events.seq > ?1 AND events.seq < ?2 AND events.seq <= ?3 AND chat_id = ?4 AND type = 'message_added'
       AND (?5 = '[]' OR event ->> '$.message.type' IN (SELECT value FROM json_each(?5)))
       AND event ->> '$.message.type' NOT IN (SELECT value FROM json_each(?6))
     ORDER BY events.seq ${order} LIMIT ?7`,
    Math.max(first - 1, query.after ?? 0),
    query.before ?? Number.MAX_SAFE_INTEGER,
    chat.seq,
    chat.facts.id,
    JSON.stringify(query.types_in),
    JSON.stringify(query.types_not_in),
    query.limit + 1,
  );
  const purge = readRunningPurge(sql, chat.facts.id);
  const page = boundedPage(rows, query.limit, ({ event, changed }) => {
    const added = upcastEvent(JSON.parse(event) as { v: number });
    if (added.type !== 'message_added') return [];
    const message = changed === null ? added.message : (JSON.parse(changed) as MessageFacts);
    return [{ seq: added.seq, message: messageAfterPurge(message, added.seq, purge) }];
  });
  return { messages: page.items, has_more: page.has_more, room_id: chat.facts.room?.id ?? null };
}

/** The first event of the log at a time (ms) or later. Times grow with `seq`, which has no gaps. */
function firstSeqAt(sql: SqlStorage, chat: ChatState, at: number): number {
  let [low, high] = [chat.first_seq, chat.seq + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = sql.exec<{ at: number }>("SELECT event ->> '$.at' AS at FROM events WHERE seq = ?", middle).one();
    if (row.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readSuggestionPage(
  sql: SqlStorage,
  chat: ChatState,
  query: ReadSuggestions,
  since: number | null,
): ReadingOf<ReadSuggestions> {
  const room_id = chat.facts.room?.id ?? null;
  if (!hasTable(sql, 'suggestions')) return { suggestions: [], has_more: false, room_id };
  const order = query.descending ? 'DESC' : 'ASC';
  const rows = sql.exec<{ seq: number; event: string }>(
    `SELECT seq, facts AS event FROM suggestions
     WHERE chat_id = ?1 AND id > ?2 AND (?3 IS NULL OR id < ?3) AND (?4 IS NULL OR facts ->> '$.message_id' = ?4)
       AND facts ->> '$.created_at' >= ?6
     ORDER BY id ${order} LIMIT ?5`,
    chat.facts.id,
    query.after ?? '',
    query.before,
    query.message_id,
    query.limit + 1,
    since ?? 0,
  );
  const purge = readRunningPurge(sql, chat.facts.id);
  const page = boundedPage(rows, query.limit, ({ seq, event }) => [
    suggestionAfterPurge(JSON.parse(event) as ReplySuggestionFacts, seq, purge),
  ]);
  return { suggestions: page.items, has_more: page.has_more, room_id };
}

/** The thread, if the channel is its own. */
export function readSource(
  sql: SqlStorage,
  { thread }: ThreadState,
  { channel_id, key }: ReadSource,
): Result<ReadingOf<ReadSource>> {
  if (thread === null || thread.channel_id !== channel_id) return { ok: false, refusal: { reason: 'chat_not_found' } };
  const { thread_id, visitor_id } = thread;
  if (thread_id === null || visitor_id === null) throw new Error('a thread of a channel has no source');
  const received = key === undefined ? undefined : readReceived(sql, key);
  return { ok: true, answer: { thread_id, visitor_id, ...(received === undefined ? {} : { received }) } };
}

/**
 * The webhooks that were accepted for a receiver above `after`, in order, with the bodies that they had, and messages as
 * they are now.
 */
export function readEventPage(
  sql: SqlStorage,
  state: ThreadState,
  { identity, receiver, after, limit }: { identity: string; receiver: Receiver; after: number; limit: number },
): Result<EventPage> {
  const isIts = state.thread !== null && hasIdentity(state.thread.identity, identity);
  if (!isIts) return { ok: false, refusal: { reason: 'thread_not_found' } };
  let loaded = state;
  const purgeOf = onceForChat((chat) => readRunningPurge(sql, chat.facts.id));
  const hasChanges = hasTable(sql, 'changed_messages');
  const rows = sql.exec<{ event: string; changed: string | null }>(
    `SELECT event, ${hasChanges ? 'changed_messages.facts' : 'NULL'} AS changed FROM events
     ${hasChanges ? 'LEFT JOIN changed_messages ON message_seq = events.seq' : ''}
     WHERE events.seq > ? AND type IN ('message_added', 'reply_suggestion_added', 'purged')
       AND EXISTS (SELECT 1 FROM json_each(event, '$.accepted') WHERE value ->> '$.receiver' = ?)
     ORDER BY events.seq LIMIT ?`,
    after,
    receiver,
    limit + 1,
  );
  const page = boundedPage(rows, limit, (row) => {
    const stored = eventNow(row);
    loaded = loadChat(sql, loaded, stored.chat_id);
    const chat = loaded.chats.get(stored.chat_id);
    if (chat === undefined) throw new Error('an event concerns a chat that does not exist');
    const event = afterPurge(stored, purgeOf(chat));
    const accepted = event.accepted.find((acceptance) => acceptance.receiver === receiver);
    if (accepted === undefined || !('routing' in accepted)) return [];
    // What a channel gets for an event does not depend on the chat around it.
    const update = notificationsOf(
      { event, before: chat, after: chat, suggestion_before: null, message: null, is_first: false },
      'organization',
      new Set(kindsOfChannel(accepted.routing)),
    );
    const position = { seq: event.seq, prev_seq: accepted.prev_seq };
    return update.notifications.flatMap((notification) => {
      return channelWebhooks(update, notification, accepted.routing).map((notice) => {
        const resource = JSON.stringify(notice.resource ?? notification.resource);
        return JSON.parse(wholeBody(notice.bodyAt(position), resource)) as ChannelWebhook;
      });
    });
  });
  return { ok: true, answer: { events: page.items, has_more: page.has_more } };
}

/** An event of the log, with its message as it is now (null: as it was added). */
function eventNow({ event, changed }: { event: string; changed: string | null }): ThreadEvent {
  const stored: ThreadEvent = upcastEvent(JSON.parse(event) as { v: number });
  if (stored.type !== 'message_added' || changed === null) return stored;
  return { ...stored, message: JSON.parse(changed) as MessageFacts };
}

/** Messages of the thread below a `seq`, the newest first. Reads the events between them too. */
export function readLogPage(
  sql: SqlStorage,
  state: ThreadState,
  { organization_id, before, limit }: { organization_id: string; before: number | null; limit: number },
): Result<LogPage> {
  if (state.thread?.organization_id !== organization_id) return { ok: false, refusal: { reason: 'thread_not_found' } };
  let loaded = state;
  const purgeOf = onceForChat((chat) => readRunningPurge(sql, chat.facts.id));
  const hasChanges = hasTable(sql, 'changed_messages');
  const rows = sql.exec<{ event: string; changed: string | null }>(
    `SELECT event, ${hasChanges ? 'changed_messages.facts' : 'NULL'} AS changed FROM events
     ${hasChanges ? 'LEFT JOIN changed_messages ON message_seq = events.seq' : ''}
     WHERE events.seq < ? AND type = 'message_added' AND event ->> '$.message.type' = 'msg'
     ORDER BY events.seq DESC LIMIT ?`,
    before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  );
  const page = boundedPage(rows, limit, ({ event, changed }) => {
    const added = upcastEvent(JSON.parse(event) as { v: number });
    if (added.type !== 'message_added') return [];
    loaded = loadChat(sql, loaded, added.chat_id);
    const chat = loaded.chats.get(added.chat_id);
    const now = changed === null ? added.message : (JSON.parse(changed) as MessageFacts);
    const message = messageAfterPurge(now, added.seq, chat === undefined ? null : purgeOf(chat));
    return [{ seq: added.seq, chat_id: added.chat_id, message }];
  });
  return { ok: true, answer: { messages: page.items, has_more: page.has_more } };
}

/** A page may cross several sessions, and has many rows of each. */
function onceForChat<Value>(read: (chat: ChatState) => Value): (chat: ChatState) => Value {
  const known = new Map<string, Value>();
  return (chat) => {
    const { id } = chat.facts;
    const value = known.has(id) ? (known.get(id) as Value) : read(chat);
    known.set(id, value);
    return value;
  };
}

function boundedPage<Row extends { event: string; changed?: string | null }, Item>(
  rows: Iterable<Row>,
  limit: number,
  itemsOf: (row: Row) => Item[],
): { items: Item[]; has_more: boolean } {
  const items: Item[] = [];
  let count = 0;
  let size = 0;
  for (const row of rows) {
    size += row.event.length + (row.changed?.length ?? 0);
    if (count === limit || (count > 0 && size > PAGE_CHARACTERS)) return { items, has_more: true };
    items.push(...itemsOf(row));
    count += 1;
  }
  return { items, has_more: false };
}
