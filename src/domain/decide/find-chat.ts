import type { ChatGrant, MemberRooms } from '../../resources/chat-grant.ts';
import type { UserFacts } from '../../resources/user.ts';
import type { ChatRef } from '../commands.ts';
import { grantRefusal, textsSince } from '../grants.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ChatState, ThreadState } from '../state.ts';
import { refuse } from './recorder.ts';

/**
 * The chat that a command names, if it exists and the grant covers it. A retry was allowed the first time and is
 * allowed again: what it did may have ended the reason, for example that the chat was pending. `since`: from when on (ms)
 * they read its texts; a command must not answer by earlier ones.
 */
export function findChat(
  state: ThreadState,
  chatId: string,
  grant: ChatGrant,
): { ok: true; chat: ChatState; since: number } | { ok: false; refusal: ThreadRefusal } {
  const chat = state.chats.get(chatId);
  if (chat === undefined) return refuse({ reason: 'chat_not_found' });
  const refusal = state.answered === null ? grantRefusal(chat, grant) : null;
  return refusal === null ? { ok: true, chat, since: textsSince(chat, grant) ?? 0 } : refuse(refusal);
}

/** As `findChat`, for commands that only a member may send. */
export function findChatOf(
  state: ThreadState,
  { chat_id, actor, rooms }: { chat_id: string; actor: UserFacts; rooms?: MemberRooms | undefined },
): ReturnType<typeof findChat> {
  return findChat(state, chat_id, { kind: 'member', user_id: actor.id, rooms });
}

/** The part of a chat that messages, tags and suggestions show. */
export function chatRef(chat: ChatState): ChatRef {
  return { id: chat.facts.id, room_id: chat.facts.room?.id ?? null };
}
