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

/** What purges the visitor of a chat: those of channels by their thread. Null for visitors of a partner. */
export function purgeOf(organizationId: string, row: InboxRow): { path: string; body: object } | null {
  const variables = variablesPath(organizationId, row);
  if (variables === null) return null;
  const { channel } = row;
  if (channel?.thread_id == null) return { path: variables.replace(/\/variables$/, '/purge'), body: {} };
  const path = `/api/v5/orgs/${organizationId}/unified_messaging/${channel.id}/purge`;
  return { path, body: { thread_id: channel.thread_id } };
}
