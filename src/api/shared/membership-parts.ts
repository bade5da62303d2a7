import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, type Page } from '../../http/collection.ts';
import { requireSomeField, timeField } from '../../http/fields.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import { type MemberFacts, type MemberView, membershipResource } from '../../resources/membership.ts';

/** What the routes of users' and of visitors' memberships have in common (Chats API, Chat memberships). */

/** What a user states about themselves when they join a chat, and later. */
export const statusFields = {
  is_participating: z.boolean(),
  composing_status: z.enum(['idle', 'typing', 'typed']),
};

const changeFields = { ...statusFields, last_seen_at: timeField().nullish() };

const someChanges = z
  .object(changeFields)
  .partial()
  .superRefine(requireSomeField('is_participating'))
  .openapi('PatchChatMembership');
export type MembershipChanges = z.output<typeof someChanges>;

/** The body of a change of one's own membership, by method. */
export const MEMBERSHIP_CHANGES = [
  { method: 'put', body: z.object(changeFields).openapi('UpdateChatMembership') },
  { method: 'patch', body: someChanges },
] as const;

/** The fields of the command that makes a change: null leaves a field as it is. */
export function changesForThread({ is_participating, composing_status, last_seen_at }: MembershipChanges) {
  return {
    is_participating: is_participating ?? null,
    composing_status: composing_status ?? null,
    last_seen_at: last_seen_at ?? null,
  };
}

/** A page of one person's memberships, one for each chat, from D1's copy. The copy does not have the typing. */
export function pageOfMemberships<Resource>(
  c: AppContext,
  page: Page,
  found: { rows: readonly { member: MemberFacts; chat: ChatFacts }[]; cut_at: string | null },
  resource: (member: MemberView, chat: ChatFacts) => Resource,
) {
  return collectionResponse(c, {
    page,
    rows: found.rows,
    keyOf: (row) => [row.chat.id],
    resource: (row) => resource({ ...row.member, composing_status: 'idle' }, row.chat),
    cutAt: found.cut_at === null ? null : [found.cut_at],
  });
}

/** The same as users see them. */
export function membershipsByChat(c: AppContext, page: Page, found: Parameters<typeof pageOfMemberships>[2]) {
  return pageOfMemberships(c, page, found, (member, chat) => membershipResource(member, chat));
}
