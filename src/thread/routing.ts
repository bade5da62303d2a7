import type { ChatState } from './state.ts';

/** A room without routers reaches all users of its organization; a chat without a room is routed to nobody. */
export function isRoutedTo(chat: ChatState, organizationId: string): boolean {
  return chat.facts.room !== null && chat.facts.room.organization_id === organizationId;
}
