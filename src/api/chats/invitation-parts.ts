import { z } from '@hono/zod-openapi';
import type { InvitationFilters } from '../../chats/list-invitations.ts';
import { booleanParameter, isoTimeSchema } from '../../http/fields.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import { type InvitationFacts, invitationResource, isOpenInvitation } from '../../resources/invitation.ts';
import { nestedUserOrNull, nestedUserSchema } from '../shared/user-schemas.ts';

/** What outgoing and incoming invitations have in common (Chats API, Chat invitations). */

const id = z.string().openapi({ format: 'uuid' });
const idOrNull = id.nullable();
const count = z.int().min(0);

export const invitationSchema = z
  .object({
    id,
    is_accepted: z.boolean(),
    is_expired: z.boolean(),
    invited_by_user_id: id,
    invited_by_user: nestedUserSchema,
    chat_id: id,
    room_id: idOrNull,
    invited_user_id: idOrNull,
    invited_team_id: idOrNull,
    invited_organization_id: idOrNull,
    invitee_name: z.string(),
    accepted_by_user_id: idOrNull,
    accepted_by_user: nestedUserOrNull,
    user_member_count: count,
    visitor_member_count: count,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    accepted_at: isoTimeSchema.nullable(),
    expired_at: isoTimeSchema.nullable(),
  })
  .openapi('ChatInvitation');

export const invitationFilters = {
  is_accepted: booleanParameter().optional().openapi({ description: '`false`: neither accepted nor expired.' }),
  is_expired: booleanParameter().optional(),
};

/** Whether an invitation passes the filters. */
export function chosenBy({ is_accepted, is_expired }: InvitationFilters, invitation: InvitationFacts): boolean {
  if (is_accepted === true && invitation.accepted_at === null) return false;
  if (is_accepted === false && !isOpenInvitation(invitation)) return false;
  return is_expired === undefined || is_expired === (invitation.expired_at !== null);
}

/** An invitation as the Chats API shows it, from the facts of the invitation and its chat. */
export function resourceOf(invitation: InvitationFacts, chat: ChatFacts) {
  return invitationResource(invitation, { ...chat, room_id: chat.room?.id ?? null });
}

/**
 * The message for a field whose only valid value is `true`. Undefined, which means zod's message, when the value is
 * missing or null.
 */
export function onlyTrue({ input }: { input?: unknown }): string | undefined {
  return input == null ? undefined : 'Only true is allowed here.';
}
