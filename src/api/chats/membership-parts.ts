import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, type Page } from '../../http/collection.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import { type MemberFacts, membershipResource } from '../../resources/membership.ts';

/** What routes about memberships have in common (Chats API, Chat memberships). */

/** What a user says of themselves when they join a chat, and later. */
export const statusFields = {
  is_participating: z.boolean(),
  composing_status: z.enum(['idle', 'typing', 'typed']),
};

/** A page of one person's memberships, one for each chat, from D1's copy: which knows nothing of typing. */
export function membershipsByChat(
  c: AppContext,
  page: Page,
  found: { rows: readonly { member: MemberFacts; chat: ChatFacts }[]; cut_at: string | null },
) {
  return collectionResponse(c, {
    page,
    rows: found.rows,
    keyOf: (row) => [row.chat.id],
    resource: (row) => membershipResource({ ...row.member, composing_status: 'idle' }, row.chat),
    cutAt: found.cut_at === null ? null : [found.cut_at],
  });
}
