import { z } from '@hono/zod-openapi';
import { findInvitee } from '../../directory/teams.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId, uuidField } from '../../http/fields.ts';
import { pageOfAll } from '../../http/page-of-all.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import type { Invitee } from '../../resources/invitation.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { chatParams, commandOfActor, queryChat, routeIn } from './in-scope.ts';
import { chosenBy, invitationFilters, invitationSchema, onlyTrue, resourceOf } from './invitation-parts.ts';
import { userChats } from './scopes.ts';

const tag = 'Chat invitations';
const collection = routeIn(userChats, '/{chat_id}/outgoing_chat_invitations');
const item = routeIn(userChats, '/{chat_id}/outgoing_chat_invitations/{invitation_id}');
const itemParams = chatParams(userChats, { invitation_id: pathId('invitation_id') });

const INVITEES = { invited_user_id: 'user', invited_team_id: 'team', invited_organization_id: 'organization' } as const;

const inviteSchema = z
  .object({
    invited_user_id: uuidField().nullish(),
    invited_team_id: uuidField().nullish(),
    invited_organization_id: uuidField().nullish(),
  })
  .openapi('InviteToChat', { description: 'Exactly one of the three.' })
  .transform((payload, context): Pick<Invitee, 'kind' | 'id'> => {
    const fields = Object.keys(INVITEES) as (keyof typeof INVITEES)[];
    const invitees = fields.flatMap((field) => {
      const id = payload[field];
      return id == null ? [] : [{ kind: INVITEES[field], id }];
    });
    const [invitee, ...others] = invitees;
    if (invitee !== undefined && others.length === 0) return invitee;
    context.addIssue(`Exactly one of ${fields.join(', ')} is required.`);
    return z.NEVER;
  });

const expireSchema = z.object({ is_expired: z.literal(true, { error: onlyTrue }) }).openapi('ExpireChatInvitation');

const listRoute = defineRoute({
  operationId: 'listOutgoingInvitations',
  ...collection,
  method: 'get',
  tag,
  summary: 'List the invitations that the user sent in a chat',
  description: 'Open, accepted and expired ones; the filters choose. Invitations of other members are not here.',
  request: { params: chatParams(userChats), query: z.object({ ...collectionQuery, ...invitationFilters }) },
  answers: {
    200: jsonOf(collectionSchema(invitationSchema), 'Invitations, oldest first'),
  },
});

const inviteRoute = defineRoute({
  operationId: 'inviteToChat',
  ...collection,
  method: 'post',
  idempotency: 'command',
  tag,
  summary: 'Invite a user, a team or an organization to a chat',
  description:
    'Exactly one of the three fields names who is invited: a user or team of the organization, a team that a partner shares, or a partner; all else is 404. While an invitation of the same party is open, a repeat answers it (200). An ended chat is 400. The 1,001st invitation of a chat is 409.',
  request: { params: chatParams(userChats), body: bodyOf(inviteSchema) },
  refusals: [409],
  answers: {
    200: jsonOf(invitationSchema, 'The party has an open invitation to this chat already'),
    201: jsonOf(invitationSchema, 'The new invitation'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getOutgoingInvitation',
  ...item,
  method: 'get',
  tag,
  summary: 'Retrieve an invitation that the user sent',
  description: 'Always the current state. An invitation that another member sent is not found.',
  request: { params: itemParams },
  answers: { 200: jsonOf(invitationSchema, 'The invitation') },
});

/**
 * /users/<user_id>/chats/<chat_id>/outgoing_chat_invitations (Chats API, Chat invitations). The chat's thread answers.
 */
export const outgoingInvitationRoutes = createRouter();

outgoingInvitationRoutes.openapi(listRoute, async (c) => {
  const query = c.req.valid('query');
  const asked = readPage(query, 'created_at', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const read = await queryChat(c, userChats, c.req.valid('param'), ownInvitations(c));
  if (!read.ok) return read.refused;
  const { invitations, chat } = read.answer;
  const chosen = invitations.filter((invitation) => chosenBy(query, invitation));
  return c.json(
    pageOfAll(
      c,
      asked.page,
      chosen,
      ({ id }) => [id],
      (one) => resourceOf(one, chat),
    ),
    200,
  );
});

outgoingInvitationRoutes.openapi(inviteRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const { user: actor, organization } = c.var.principal;
  const databases = [identityDatabase(c), organizationDatabase(c)] as const;
  const invitee = await findInvitee(...databases, organization.id, c.req.valid('json'));
  if (invitee === null) return refuse(c, { reason: 'not_found', detail: 'User, team or organization not found.' });
  const invited = await commandOfActor(c, chat_id, { type: 'invite', actor, invitee });
  if (!invited.ok) return invited.refused;
  const { invitation, chat, is_new } = invited.answer;
  return c.json(resourceOf(invitation, chat), is_new ? 201 : 200);
});

outgoingInvitationRoutes.openapi(itemRoute, async (c) => {
  const { invitation_id } = c.req.valid('param');
  const read = await queryChat(c, userChats, c.req.valid('param'), ownInvitations(c));
  if (!read.ok) return read.refused;
  const invitation = read.answer.invitations.find(({ id }) => id === invitation_id);
  if (invitation === undefined) return refuseThread(c, { reason: 'invitation_not_found' });
  return c.json(resourceOf(invitation, read.answer.chat), 200);
});

for (const method of ['put', 'patch'] as const) {
  const expireRoute = defineRoute({
    operationId: `${VERBS[method]}OutgoingInvitation`,
    ...item,
    method,
    tag,
    summary: 'Take an open invitation back',
    description:
      'Nobody can accept it any more. Only its sender can take it back: for others it is 404. One that was accepted or has expired is 400, so a repeat is 400 too.',
    request: { params: itemParams, body: bodyOf(expireSchema) },
    answers: {
      200: jsonOf(invitationSchema, 'The expired invitation'),
    },
  });
  outgoingInvitationRoutes.openapi(expireRoute, async (c) => {
    const { chat_id, invitation_id } = c.req.valid('param');
    const command = { type: 'expire_invitation' as const, actor: c.var.principal.user, invitation_id };
    const expired = await commandOfActor(c, chat_id, command);
    return expired.ok ? c.json(resourceOf(expired.answer.invitation, expired.answer.chat), 200) : expired.refused;
  });
}

function ownInvitations(c: AppContext) {
  return { type: 'read_invitations' as const, invited_by_user_id: c.var.principal.user.id };
}
