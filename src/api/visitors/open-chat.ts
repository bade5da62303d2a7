import { z } from '@hono/zod-openapi';
import { findNewestChatOfVisitor } from '../../chats/visitor-chats.ts';
import type { RoomRow } from '../../db/rows.ts';
import { stayInRoom } from '../../directory/room-visitors.ts';
import { findVisitor } from '../../directory/visitors.ts';
import { exactLimit } from '../../http/rate-limits.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatForVisitor } from '../../resources/as-visitors-see.ts';
import type { VisitorChatType } from '../../resources/chat.ts';
import { storing } from '../access.ts';
import { visitorCopyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { openVisitorChat, startOf } from '../open-visitor-chat.ts';
import { roomForVisitor } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { ROOM_NOT_FOUND, VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { findOffer, type Offer, takenAutosuggestion } from './autosuggestions.ts';
import { asRoomVisitor, ROOM_VISITORS, roomVisitorPath } from './paths.ts';
import { keepPresent } from './presence.ts';
import { visitorChatSchema } from './public-schemas.ts';
import { isOnline, stateOf } from './rooms.ts';

const startSchema = z
  .object({
    ...startOf,
    autosuggestion: takenAutosuggestion.optional().openapi({
      description:
        'Extension: the chat begins with what the room has suggested on this page. While the room is closed that is 409; without it a chat may start. Ignored when a chat is resumed.',
    }),
  })
  .openapi('OpenOwnVisitorChat');

const route = defineRoute({
  operationId: 'openVisitorChat',
  ...asRoomVisitor,
  access: storing(asRoomVisitor.access),
  method: 'post',
  idempotency: 'command',
  path: `${ROOM_VISITORS}/{visitor_id}/chats` as const,
  summary: 'Start a chat, or resume the open one',
  description:
    'Answers the open chat of the visitor in the room (200), or starts one (201), so the call can be repeated. Its type is `visitor`; the room may allow others (400). It renews the presence of the visitor. A new chat continues the thread of their newest one in the room; it waits for an answer once they write. When nobody is online, a room that requires it refuses a new chat (409). A room that is closed refuses one that begins with its suggestion (409). A visitor who has not come to the room is 404.',
  request: { params: roomVisitorPath, body: { ...bodyOf(startSchema), required: false } },
  refusals: [409],
  answers: {
    200: jsonOf(visitorChatSchema, 'The open chat of the visitor in the room'),
    201: jsonOf(visitorChatSchema, 'The new chat'),
  },
});

/**
 * POST /public/orgs/<organization_id>/rooms/<room_id>/visitors/<visitor_id>/chats (visitors' API): the visitor's open
 * chat, or a new one in the thread of their newest. The visitor is present from then on, for as long as they last
 * requested, even when no user is online.
 */
export const openChatRoutes = createRouter();

openChatRoutes.openapi(route, async (c) => {
  const { organization, id: visitor_id } = c.var.visitor;
  const database = await visitorCopyDatabase(c);
  const room = await roomForVisitor(c, c.req.valid('param').room_id);
  if (room === null) return refuse(c, ROOM_NOT_FOUND);
  const { chat_type, autosuggestion: taken } = c.req.valid('json');
  if (!isAllowed(room, chat_type)) return refuseField(c, 'chat_type', NOT_ALLOWED);
  const place = { organization_id: organization.id, room_id: room.id, visitor_id };
  const row = await stayInRoom(database, place, { presence_expires_in: null }, Date.now());
  if (row === null) return refuse(c, VISITOR_NOT_FOUND);
  await keepPresent(c, row);

  // Read just before the call: the thread records this name as the visitor's newest.
  const [visitor, newest] = await Promise.all([
    findVisitor(database, room.id, visitor_id),
    findNewestChatOfVisitor(database, room.id, visitor_id),
  ]);
  if (visitor === null) return refuse(c, VISITOR_NOT_FOUND);
  const isResumed = newest !== null && !newest.is_ended;
  if (room.require_online === 1 && !isResumed && !(await isOnline(c, room))) {
    return refuse(c, { reason: 'conflict', detail: 'Nobody is online in this room.' });
  }
  if (taken !== undefined && !isResumed && !(await stateOf(c, room)).is_open) {
    return refuse(c, { reason: 'conflict', detail: 'This room is closed.' });
  }
  const offer = taken === undefined || isResumed ? undefined : await findOffer(c, room, taken, taken.id);
  if (offer === null) return refuseField(c, 'autosuggestion', 'The room does not suggest this on the page.');
  const result = await openVisitorChat(c, {
    room,
    visitor,
    newest,
    chat_type,
    database: organization.database,
    settings: organization,
    actor: null,
    limit: exactLimit(c.env, 'visitor_chats'),
    ...(taken === undefined || offer === undefined ? {} : { autosuggestion: beginningOf(offer, taken) }),
    is_present: true,
    is_kept_out: false,
  });
  if (!result.ok) return refuseThread(c, result.refusal);
  const { chat, is_new } = result.answer;
  return c.json(chatForVisitor(chat), is_new ? 201 : 200);
});

/** How a chat begins that a visitor starts by a suggestion. */
function beginningOf({ user, message }: Offer, { url, url_title = null }: z.output<typeof takenAutosuggestion>) {
  return { sender: user, message, page: { url, title: url_title } };
}

const NOT_ALLOWED = 'Visitors may not start chats of this type in the room.';

/** Whether visitors may choose a type of chat in a room. The others are for those that the room allows. */
function isAllowed(room: RoomRow, type: VisitorChatType | undefined): boolean {
  if (type === 'task') return room.is_task_allowed === 1;
  return type !== 'external' || room.is_external_allowed === 1;
}
