import { z } from '@hono/zod-openapi';
import { findNewestChatOfVisitor } from '../../chats/visitor-chats.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { findVisitor } from '../../directory/visitors.ts';
import { threadName, threadNameOfChat } from '../../domain/address.ts';
import { newCommandId, type OpenVisitorChat } from '../../domain/commands.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource, lifetimeOf, VISITOR_CHAT_TYPES } from '../../resources/chat.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute } from '../define-route.ts';
import { executeCommand } from '../execute-command.ts';
import { reachedRoom } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { chatSchema } from '../shared/chat-schemas.ts';
import { VISITOR_NOT_FOUND } from '../shared/paths.ts';
import { collectionParams, routeIn } from './in-scope.ts';
import { isKeptOut, isUserPresent } from './presence.ts';
import { userVisitorChats } from './scopes.ts';

/** Nothing is asked of the payload. `chat_type` is an extension: the type that visitors may choose. */
const openSchema = z
  .object({ chat_type: z.enum(VISITOR_CHAT_TYPES).optional().openapi({ default: 'visitor' }) })
  .openapi('OpenVisitorChat');

const route = defineRoute({
  operationId: 'openUserRoomVisitorChat',
  ...routeIn(userVisitorChats),
  method: 'post',
  tag: 'Chats',
  summary: 'Start or resume a chat with a visitor',
  request: { params: collectionParams(userVisitorChats), body: { ...bodyOf(openSchema), required: false } },
  refusals: [409],
  answers: {
    200: jsonOf(chatSchema, 'The open chat of the visitor, of which the user is now a member'),
    201: jsonOf(chatSchema, 'The new chat'),
  },
});

/**
 * POST /users/<user_id>/rooms/<room_id>/visitors/<visitor_id>/chats (Chats API, Create a new chat with a visitor in a room): the
 * visitor's open chat, which the user joins, or a new one in the thread of their newest.
 */
export const openVisitorChatRoutes = createRouter();

openVisitorChatRoutes.openapi(route, async (c) => {
  const { room_id = '', visitor_id = '' } = c.req.valid('param');
  const { user, organization } = c.var.principal;
  const database = await copyDatabase(c);
  const room = await reachedRoom(c, room_id);
  if (room === null) return refuse(c, { reason: 'forbidden' });
  // Read anew: a thread that starts writes down the name as the newest one that there is.
  const [visitor, newest, is_private, is_present] = await Promise.all([
    findVisitor(database, room.id, visitor_id),
    findNewestChatOfVisitor(database, room.id, visitor_id),
    keepsChatsPrivate(c, room.organization_id),
    isUserPresent(c, user.id),
  ]);
  if (visitor === null) return refuse(c, VISITOR_NOT_FOUND);
  const identity = { kind: 'visitor' as const, room_id: room.id, visitor_id: visitor.id };
  const { chat_type = 'visitor' } = c.req.valid('json');
  const command: OpenVisitorChat = {
    v: 1,
    type: 'open_visitor_chat',
    command_id: newCommandId(),
    chat_id: newest?.chat_id ?? null,
    identity: newest === null ? identity : null,
    visitor_id: visitor.id,
    visitor_name: visitor.name,
    database: organization.database,
    organization_id: room.organization_id,
    room: { id: room.id, name: room.name, organization_id: room.organization_id },
    is_private,
    chat_type,
    lifetime: lifetimeOf(chat_type, room),
    actor: user,
    is_present,
    is_kept_out: isKeptOut(c),
  };
  const thread = (newest === null ? null : threadNameOfChat(newest.chat_id)) ?? threadName(identity);
  const result = await executeCommand(c.env, c.var.cost, thread, command);
  if (!result.ok) return refuseThread(c, result.refusal);
  const { chat, is_new } = result.answer;
  return c.json(chatResource(chat), is_new ? 201 : 200);
});

/** Whether the owner of a room, which may be a partner, keeps its chats private. */
async function keepsChatsPrivate(c: AppContext, organizationId: string): Promise<boolean> {
  const { organization } = c.var.principal;
  if (organizationId === organization.id) return organization.private_chats;
  return (await findOrganization(identityDatabase(c), organizationId))?.private_chats === 1;
}
