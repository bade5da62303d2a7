import { isPending } from '../resources/chat.ts';
import { type ChatGrant, covers } from '../resources/chat-grant.ts';
import type { ThreadRefusal } from './refusals.ts';
import type { ChatState } from './state.ts';

/**
 * Why a chat is refused to the holder of a grant; null when the grant covers it. For them the chat does not exist, so
 * each of these is a 404. One rule for commands and for reads.
 */
export function grantRefusal(chat: ChatState, grant: ChatGrant): ThreadRefusal | null {
  const attendance = {
    isMember: (userId: string) => chat.members.get(userId)?.facts.member_type === 'user',
    hasMemberOf: (organizationId: string) => hasMemberOf(chat, organizationId),
  };
  if (!covers(grant, chat.facts, attendance)) return { reason: REFUSAL[grant.kind] };
  return grant.kind === 'reach' && grant.is_pending && !isPending(chat.facts) ? { reason: 'not_pending' } : null;
}

const REFUSAL = {
  member: 'not_a_member',
  reach: 'not_routed',
  involved: 'chat_not_found',
  visitor: 'chat_not_found',
} as const satisfies Record<ChatGrant['kind'], ThreadRefusal['reason']>;

function hasMemberOf(chat: ChatState, organizationId: string): boolean {
  for (const { facts } of chat.members.values()) if (facts.organization_id === organizationId) return true;
  return false;
}
