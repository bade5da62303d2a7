import { findNewestChatOfVisitor } from '../../chats/visitor-chats.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { findVisitor } from '../../directory/visitors.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import type { ChatSettings } from '../chat-start.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { openVisitorChat, openVisitorChatBody } from '../open-visitor-chat.ts';
import { reachedRoom } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { collectionParams, storingIn } from './in-scope.ts';
import { KEPT_OUT } from './join-chat.ts';
import { isKeptOut, isUserPresent } from './presence.ts';
import { userVisitorChats } from './scopes.ts';

const route = defineRoute({
  operationId: 'openUserRoomVisitorChat',
  ...storingIn(userVisitorChats),
  method: 'post',
  tag: 'Chats',
  idempotency: 'command',
  summary: 'Start or resume a chat with a visitor',
  description: `The user joins the open chat of the visitor in the room (200), or a new one (201), so the call can be repeated. A new chat continues the thread of the visitor’s newest one there, and so reaches the channel from which they came. A room that does not reach the user is 403. ${KEPT_OUT}`,
  request: { params: collectionParams(userVisitorChats), body: openVisitorChatBody },
  refusals: [409],
  answers: {
    200: jsonOf(chatSchema, 'The open chat of the visitor, of which the user is now a member'),
    201: jsonOf(chatSchema, 'The new chat'),
  },
});

/**
 * POST /users/<user_id>/rooms/<room_id>/visitors/<visitor_id>/chats (Chats API, Create a new chat with a visitor in a
 * room). The user joins the visitor's open chat. Without one, a new chat starts in the thread of the visitor's newest
 * chat.
 */
export const openVisitorChatRoutes = createRouter();

openVisitorChatRoutes.openapi(route, async (c) => {
  const { room_id = '', visitor_id = '' } = c.req.valid('param');
  const { user, organization } = c.var.principal;
  const database = await copyDatabase(c);
  const room = await reachedRoom(c, room_id);
  if (room === null) return refuse(c, { reason: 'forbidden' });
  // Read again: a thread that starts records this name as the visitor's newest.
  const [visitor, newest, settings, is_present] = await Promise.all([
    findVisitor(database, room.id, visitor_id),
    findNewestChatOfVisitor(database, room.id, visitor_id),
    settingsOf(c, room.organization_id),
    isUserPresent(c, user.id),
  ]);
  if (visitor === null) return refuse(c, VISITOR_NOT_FOUND);
  const result = await openVisitorChat(c, {
    room,
    visitor,
    newest,
    chat_type: c.req.valid('json').chat_type,
    database: organization.database,
    settings,
    actor: user,
    is_present,
    is_kept_out: isKeptOut(c),
  });
  if (!result.ok) return refuseThread(c, result.refusal);
  const { chat, is_new } = result.answer;
  return c.json(chatResource(chat), is_new ? 201 : 200);
});

/** What the owner of a room, which may be a partner, has set for its chats. */
async function settingsOf(c: AppContext, organizationId: string): Promise<ChatSettings> {
  const { organization } = c.var.principal;
  if (organizationId === organization.id) return organization;
  const owner = await findOrganization(identityDatabase(c), organizationId);
  return {
    private_chats: owner?.private_chats === 1,
    encryption_public_key: owner?.encryption_public_key ?? null,
  };
}
