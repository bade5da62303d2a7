import type { InboxRow } from '../replica/known.ts';

/** Where the hub has the visitor of a chat for the user; null for a chat without a visitor or a room. */
export function visitorPath(userId: string, { chat, visitor }: InboxRow): string | null {
  if (visitor === null || chat.room_id === null) return null;
  return `/api/v5/users/${userId}/rooms/${chat.room_id}/visitors/${visitor.id}`;
}

/** Where the visitor's variables are. They are a matter of the organization: null for visitors of a partner. */
export function variablesPath(organizationId: string, { chat, visitor }: InboxRow): string | null {
  if (visitor === null || chat.room_id === null || chat.room_organization_id !== organizationId) return null;
  return `/api/v5/orgs/${organizationId}/rooms/${chat.room_id}/visitors/${visitor.id}/variables`;
}
