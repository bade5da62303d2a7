import { z } from '@hono/zod-openapi';
import { findUser, userFacts } from '../../directory/users.ts';
import type { JoinChat } from '../../domain/commands.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { uuidField } from '../../http/fields.ts';
import { refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { membershipResource } from '../../resources/membership.ts';
import type { UserFacts } from '../../resources/user.ts';
import { auditedWhenNamed } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { membershipSchema } from '../shared/chat-schemas.ts';
import { statusFields } from '../shared/membership-parts.ts';
import { type ChatPath, chatParams, commandToChat, routeIn } from './in-scope.ts';
import { attendanceIn, givePlaceBack, isKeptOut, isUserPresent } from './presence.ts';
import type { ChatScope } from './scopes.ts';

const joinSchema = z.object(statusFields).openapi('JoinChat');
const joinMemberSchema = z
  .object({
    member_id: uuidField(),
    ...statusFields,
    replaces: uuidField().nullish().openapi({
      description: 'An extension: the caller, who hands the chat over and leaves it in the same step.',
    }),
  })
  .openapi('JoinChatAsMember');

const answers = {
  200: jsonOf(membershipSchema, 'The user was a member already'),
  201: jsonOf(membershipSchema, 'The new membership'),
};

const shared = (scope: ChatScope) => ({
  ...routeIn(scope, '/{chat_id}/memberships'),
  method: 'post' as const,
  tag: 'Chat memberships',
  idempotency: 'command' as const,
  refusals: [409] as const,
});

/**
 * POST …/<chat_id>/memberships of a user's scope: the user joins (Chats API, Join user to a pending chat, to a routed
 * chat). A repeat answers 200.
 */
export function joinChatRoutes(scope: ChatScope, options: { mustBePresent: boolean }) {
  const route = defineRoute({
    operationId: `join${scope.name}`,
    ...shared(scope),
    summary: `Join ${scope.chat}`,
    description: `Makes the user a member (201), or gives a member the new status (200), so the call can be repeated. Participating adds a message of type \`join\`. ${JOINING[scope.name] ?? ''}${KEPT_OUT} An ended chat takes no new members (404).`,
    request: { params: chatParams(scope), body: bodyOf(joinSchema) },
    answers,
  });
  const router = createRouter();
  router.openapi(route, async (c) => {
    const place = c.req.valid('param');
    const status = c.req.valid('json');
    const attendance = await attendanceIn(c, place.chat_id, status.is_participating);
    const joining = { ...status, ...attendance, must_be_present: options.mustBePresent };
    return await joinChat(c, scope, place, c.var.principal.user, joining);
  });
  return router;
}

/**
 * POST …/<chat_id>/memberships of an organization's scope: one of its users joins (Chats API, Join user to an
 * organization's chat).
 */
export function joinMemberRoutes(scope: ChatScope) {
  const route = defineRoute({
    operationId: `addMemberTo${scope.name}`,
    ...shared(scope),
    access: auditedWhenNamed(scope.access),
    summary: `Join a user of the organization to ${scope.chat}`,
    description: `The user of \`member_id\` becomes a member (201), or a member gets the new status (200), so the call can be repeated. They need not be present, and the chat need not be routed to them. Somebody who is no user of the organization is 400. With \`replaces\` the caller hands the chat over: they leave in the same step, so that it never is without a user. A caller who does not take part is 409 then. ${KEPT_OUT}`,
    request: { params: chatParams(scope), body: bodyOf(joinMemberSchema) },
    answers,
  });
  const router = createRouter();
  router.openapi(route, async (c) => {
    const { member_id, replaces = null, ...status } = c.req.valid('json');
    const caller = c.var.principal.user;
    if (replaces !== null && replaces !== caller.id) return refuseField(c, 'replaces', 'Only the caller hands over.');
    if (replaces !== null && (replaces === member_id || !status.is_participating)) {
      return refuseField(c, 'replaces', 'Somebody else must take part in place of the caller.');
    }
    const member = await findUser(identityDatabase(c), c.var.principal.organization.id, member_id);
    if (member === null) return refuseField(c, 'member_id', 'No user with this id in the organization.');
    const is_present = await isUserPresent(c, member.id);
    const handedOver = replaces === null ? {} : { replaced: caller };
    const joining = { ...status, is_present, must_be_present: false, ...handedOver };
    return await joinChat(c, scope, c.req.valid('param'), userFacts(member), joining);
  });
  return router;
}

/** What `private_chats` of an organization means for those who join. */
export const KEPT_OUT =
  'With `private_chats`, a chat that another present user attends is 409 for tokens without the scope `reports`.';

/** What `chat_capacity` of a user means when they begin to take part. */
export const FULL = 'A user with as many open chats as their `chat_capacity` is 409.';

/** What else holds for a user who joins by themselves. */
const JOINING: { readonly [scope: string]: string } = {
  UserPendingChat: `A user who is not present is 409; a chat that somebody else has taken meanwhile is 404. ${FULL} `,
  UserRoutedChat: `The user need not be present, and the chat need not be pending. ${FULL} `,
};

type Joining = z.output<typeof joinSchema> & Pick<JoinChat, 'is_present' | 'is_full' | 'must_be_present' | 'replaced'>;

async function joinChat(c: AppContext, scope: ChatScope, path: ChatPath, actor: UserFacts, joining: Joining) {
  const joined = await commandToChat(c, scope, path, {
    type: 'join_chat',
    actor,
    is_kept_out: isKeptOut(c),
    ...joining,
  });
  const isIn = joined.ok && joined.answer.chat.ended_at === null;
  if (!isIn && joining.is_full !== undefined) await givePlaceBack(c, path.chat_id);
  if (!joined.ok) return joined.refused;
  const { member, chat, is_new, is_changed = is_new } = joined.answer;
  // No message says who has made somebody else a member.
  if (is_changed && actor.id !== c.var.principal.user.id) nameTarget(c, { type: 'user', id: actor.id });
  // No typing is shown in a chat that has ended.
  const composing_status = chat.ended_at === null ? joining.composing_status : 'idle';
  return c.json(membershipResource({ ...member, composing_status }, chat), is_new ? 201 : 200);
}
