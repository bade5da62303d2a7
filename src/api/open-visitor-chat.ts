import { z } from '@hono/zod-openapi';
import type { findNewestChatOfVisitor } from '../chats/visitor-chats.ts';
import { openOrganizationDatabase } from '../db/database.ts';
import type { RoomRow } from '../db/rows.ts';
import type { Visitor } from '../directory/visitors.ts';
import { threadName, threadNameOfChat } from '../domain/address.ts';
import type { ChatOpened, OpenVisitorChat } from '../domain/commands.ts';
import type { Result } from '../domain/refusals.ts';
import type { AppContext } from '../http/app-environment.ts';
import { bodyOf } from '../http/route-parts.ts';
import { lifetimeOf, VISITOR_CHAT_TYPES, type VisitorChatType } from '../resources/chat.ts';
import { type ChatSettings, startIn } from './chat-start.ts';
import { commandHead, sendCommand } from './send-command.ts';
import { beginKeeping } from './visitor-presence.ts';

/** What a call that starts a chat with a visitor may say. `chat_type` is an extension. */
export const startOf = { chat_type: z.enum(VISITOR_CHAT_TYPES).optional().openapi({ default: 'visitor' }) };

/** The body of a user's call that starts a chat with a visitor; it may be missing. */
export const openVisitorChatBody = { ...bodyOf(z.object(startOf).openapi('OpenVisitorChat')), required: false };

/** The chat of a visitor in a room that a user or the visitor asks for. */
export type VisitorChatOpening = Pick<
  OpenVisitorChat,
  'database' | 'actor' | 'is_present' | 'is_kept_out' | 'limit' | 'autosuggestion'
> & {
  room: RoomRow;
  /** Of the organization of the room. */
  settings: ChatSettings;
  visitor: Visitor;
  /** The visitor's newest chat in the room. */
  newest: Awaited<ReturnType<typeof findNewestChatOfVisitor>>;
  chat_type: VisitorChatType | undefined;
};

/**
 * Opens the visitor's chat. Without an open chat, a new one starts in the thread of the visitor's newest chat, or in a
 * new thread.
 */
export async function openVisitorChat(c: AppContext, opening: VisitorChatOpening): Promise<Result<ChatOpened>> {
  const { room, settings, visitor, newest, chat_type = 'visitor', ...rest } = opening;
  if (visitor.is_passing === 1) {
    const database = openOrganizationDatabase(c.env, opening, c.var.cost);
    await beginKeeping(c, database, { organization_id: room.organization_id, visitor_id: visitor.id });
  }
  const identity = { kind: 'visitor' as const, room_id: room.id, visitor_id: visitor.id };
  const own = threadName(identity);
  // The visitor's own thread is named by its identity: it may have been removed, with the chat that the copy still has.
  const resumed = newest === null || threadNameOfChat(newest.chat_id) === own ? null : newest.chat_id;
  const command: OpenVisitorChat = {
    ...rest,
    ...commandHead(c),
    type: 'open_visitor_chat',
    chat_id: resumed,
    identity: resumed === null ? identity : null,
    visitor_id: visitor.id,
    visitor_name: visitor.name,
    organization_id: room.organization_id,
    ...startIn(room, settings),
    chat_type,
    lifetime: lifetimeOf(chat_type, room),
  };
  return await sendCommand(c, (resumed === null ? null : threadNameOfChat(resumed)) ?? own, command);
}
