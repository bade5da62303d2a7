import type { Receiver } from '../delivery/lane.ts';
import { notificationsOf } from '../projections/notifications.ts';
import { webhookBody } from '../projections/webhook-body.ts';
import type { ChannelWebhook } from '../resources/channel-webhook.ts';
import type { ChatFacts } from '../resources/chat.ts';
import type { MemberFacts } from '../resources/membership.ts';
import type { MessageFacts } from '../resources/message.ts';
import { type ThreadEvent, upcastEvent } from './events.ts';
import { isRoutedTo } from './routing.ts';
import type { ChatState } from './state.ts';

/** Who reads a chat, and by which right: as a member, because it is routed to his organization, or because that owns the room. */
export type Viewer =
  | { kind: 'member'; user_id: string }
  | { kind: 'routed'; organization_id: string }
  | { kind: 'owner'; organization_id: string };

/** Whether the viewer's right covers the chat. To anybody else the chat does not exist. */
export function maySee(chat: ChatState, viewer: Viewer): boolean {
  switch (viewer.kind) {
    case 'member':
      return chat.members.has(viewer.user_id);
    case 'routed':
      return isRoutedTo(chat, viewer.organization_id);
    case 'owner':
      return chat.facts.organization_id === viewer.organization_id;
  }
}

/** A page of a chat's messages by `seq`, the bound excluded. Empty `types` lists filter nothing. */
export type MessagePageRequest = {
  after: number | null;
  before: number | null;
  descending: boolean;
  limit: number;
  types_in: string[];
  types_not_in: string[];
};

export type MessagePage = {
  messages: { seq: number; message: MessageFacts }[];
  has_more: boolean;
  room_id: string | null;
};
export type ChatView = { chat: ChatFacts; members: MemberFacts[] };
export type EventPage = { events: ChannelWebhook[]; has_more: boolean };

/** A page ends early at this many characters of JSON, because an RPC answer ends at 32 MiB. */
const PAGE_CHARACTERS = 4_000_000;

/** Members oldest first: the visitor, who joins first, leads (protocol.md 1.4). Those of one moment by id, so that pages agree. */
export function membersOf(chat: ChatState): MemberFacts[] {
  const rank = (member: MemberFacts) => (member.member_type === 'visitor' ? 0 : 1);
  const members = [...chat.members.values()].map(({ facts }) => facts);
  return members.sort(
    (a, b) => a.created_at - b.created_at || rank(a) - rank(b) || (a.member_id < b.member_id ? -1 : 1),
  );
}

export function readMessagePage(sql: SqlStorage, chat: ChatState, request: MessagePageRequest): MessagePage {
  const order = request.descending ? 'DESC' : 'ASC';
  const rows = sql.exec<{ seq: number; event: string }>(
    `SELECT seq, event FROM events
     WHERE seq > ?1 AND seq < ?2 AND seq <= ?3 AND chat_id = ?4 AND type = 'message_added'
       AND (?5 = '[]' OR event ->> '$.message.type' IN (SELECT value FROM json_each(?5)))
       AND event ->> '$.message.type' NOT IN (SELECT value FROM json_each(?6))
     ORDER BY seq ${order} LIMIT ?7`,
    Math.max(chat.first_seq - 1, request.after ?? 0),
    request.before ?? Number.MAX_SAFE_INTEGER,
    chat.seq,
    chat.facts.id,
    JSON.stringify(request.types_in),
    JSON.stringify(request.types_not_in),
    request.limit + 1,
  );
  const page = boundedPage(rows, request.limit, (event) => [event]);
  const messages = page.items.flatMap((event) =>
    event.type === 'message_added' ? [{ seq: event.seq, message: event.message }] : [],
  );
  return { messages, has_more: page.has_more, room_id: chat.facts.room?.id ?? null };
}

/** What was accepted for a receiver above `after`, ascending: the bodies that its webhooks had (ENGINE 4). */
export function readEventPage(
  sql: SqlStorage,
  receiver: Receiver,
  roomOf: (chatId: string) => string | null,
  after: number,
  limit: number,
): EventPage {
  const rows = sql.exec<{ seq: number; event: string }>(
    `SELECT seq, event FROM events
     WHERE seq > ? AND type IN ('message_added', 'reply_suggestion_added')
       AND EXISTS (SELECT 1 FROM json_each(event, '$.accepted') WHERE value ->> '$.receiver' = ?)
     ORDER BY seq LIMIT ?`,
    after,
    receiver,
    limit + 1,
  );
  const page = boundedPage(rows, limit, (event) =>
    notificationsOf(event, roomOf(event.chat_id)).flatMap((notification) =>
      event.accepted
        .filter((acceptance) => acceptance.receiver === receiver)
        .map((acceptance) => webhookBody(notification, acceptance)),
    ),
  );
  return { events: page.items, has_more: page.has_more };
}

function boundedPage<Item>(
  rows: Iterable<{ event: string }>,
  limit: number,
  itemsOf: (event: ThreadEvent) => Item[],
): { items: Item[]; has_more: boolean } {
  const items: Item[] = [];
  let count = 0;
  let size = 0;
  for (const { event } of rows) {
    size += event.length;
    if (count === limit || (count > 0 && size > PAGE_CHARACTERS)) return { items, has_more: true };
    items.push(...itemsOf(upcastEvent(JSON.parse(event) as { v: number })));
    count += 1;
  }
  return { items, has_more: false };
}
