import { z } from '@hono/zod-openapi';
import { findInvitation, listIncomingInvitations } from '../../chats/list-invitations.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { ownUser } from '../access.ts';
import { copyDatabase } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { teamsOfCaller } from '../reach-cache.ts';
import { refuseThread } from '../refuse-thread.ts';
import { chatParams, commandOfActor, queryChat, routeIn } from './in-scope.ts';
import { invitationFilters, invitationSchema, onlyTrue, resourceOf } from './invitation-parts.ts';
import { FULL } from './join-chat.ts';
import { attendanceIn, givePlaceBack } from './presence.ts';
import { invitingChats, userChats } from './scopes.ts';

const shared = { tag: 'Chat invitations', access: ownUser };
const path = '/users/{user_id}/incoming_chat_invitations';
const user = z.object({ user_id: pathId('user_id') });
const invitation = { invitation_id: pathId('invitation_id') };

const acceptSchema = z.object({ is_accepted: z.literal(true, { error: onlyTrue }) }).openapi('AcceptChatInvitation');

const listRoute = defineRoute({
  operationId: 'listIncomingInvitations',
  ...shared,
  method: 'get',
  path,
  summary: 'List the invitations of the user, their teams and their organization',
  description:
    'Open, accepted and expired ones; `is_accepted=false` chooses the open ones. The list follows a change within a second.',
  request: { params: user, query: z.object({ ...collectionQuery, ...invitationFilters }) },
  answers: {
    200: jsonOf(collectionSchema(invitationSchema), 'Invitations, oldest first'),
  },
});

const itemRoute = defineRoute({
  operationId: 'getIncomingInvitation',
  ...shared,
  method: 'get',
  path: `${path}/{invitation_id}`,
  summary: 'Retrieve an invitation of the user, one of their teams or their organization',
  description: 'Always the current state. An invitation of somebody else is not found.',
  request: { params: user.extend(invitation) },
  answers: { 200: jsonOf(invitationSchema, 'The invitation') },
});

const declineRoute = defineRoute({
  operationId: 'declineIncomingInvitation',
  ...shared,
  method: 'delete',
  path: `${path}/{invitation_id}`,
  summary: 'Decline an invitation',
  description:
    'It has then expired, and nobody can accept it. Only who was invited alone can decline: an invitation of a team or an organization is 409, since others may accept it. One that was accepted or has expired is 400, so a repeat is 400 too.',
  request: { params: user.extend(invitation) },
  refusals: [400, 409],
  answers: { 200: jsonOf(invitationSchema, 'The expired invitation') },
});

const acceptParts = {
  ...shared,
  summary: 'Accept an invitation: the user becomes a member of the chat',
  description: `The user participates from now on, also when the chat is not routed to them. A team’s or organization’s invitation is accepted by one of its users for all. One that was accepted or has expired is 400. A chat has at most 1,000 members: beyond that it is 409. ${FULL} The invitation then stays open.`,
  refusals: [409] as const,
  answers: {
    200: jsonOf(invitationSchema, 'The accepted invitation'),
  },
};

/**
 * Invitations as invitees see them (Chats API, List incoming chat invitations; Accept incoming chat invitation). Two
 * paths accept an invitation. The path that names the chat saves the look-up of the chat.
 */
export const incomingInvitationRoutes = createRouter();

incomingInvitationRoutes.openapi(listRoute, async (c) => {
  const { is_accepted, is_expired, ...query } = c.req.valid('query');
  const asked = readPage(query, 'created_at', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const filters = { is_accepted, is_expired };
  const invitees = await findInviteeIds(c);
  const found = await listIncomingInvitations(await copyDatabase(c), invitees, filters, asked.page.keyset);
  const body = collectionResponse(c, {
    page: asked.page,
    rows: found.rows,
    keyOf: (row) => [row.invitation.id],
    resource: (row) => resourceOf(row.invitation, row.chat),
    cutAt: found.cut_at === null ? null : [found.cut_at],
  });
  return c.json(body, 200);
});

incomingInvitationRoutes.openapi(itemRoute, async (c) => {
  const { invitation_id } = c.req.valid('param');
  const found = await findInvitation(await copyDatabase(c), invitation_id);
  const invitees = await findInviteeIds(c);
  if (found === null || !invitees.includes(found.invitee_id)) {
    return refuseThread(c, { reason: 'invitation_not_found' });
  }
  const inviter = found.facts.invited_by_user.id;
  const query = { type: 'read_invitations' as const, invited_by_user_id: inviter };
  const read = await queryChat(c, invitingChats(invitees), { chat_id: found.chat_id }, query);
  if (!read.ok) return read.refused;
  const one = read.answer.invitations.find(({ id }) => id === invitation_id);
  return one === undefined
    ? refuseThread(c, { reason: 'invitation_not_found' })
    : c.json(resourceOf(one, read.answer.chat), 200);
});

incomingInvitationRoutes.openapi(declineRoute, async (c) => {
  const { invitation_id } = c.req.valid('param');
  const found = await findInvitation(await copyDatabase(c), invitation_id);
  if (found === null) return refuseThread(c, { reason: 'invitation_not_found' });
  const { user: actor } = c.var.principal;
  const stands_for = await findInviteeIds(c);
  const command = { type: 'decline_invitation' as const, actor, invitation_id, stands_for };
  const declined = await commandOfActor(c, found.chat_id, command);
  return declined.ok ? c.json(resourceOf(declined.answer.invitation, declined.answer.chat), 200) : declined.refused;
});

for (const method of ['put', 'patch'] as const) {
  const route = defineRoute({
    operationId: `${VERBS[method]}IncomingInvitation`,
    ...acceptParts,
    method,
    path: `${path}/{invitation_id}`,
    request: { params: user.extend(invitation), body: bodyOf(acceptSchema) },
  });
  incomingInvitationRoutes.openapi(route, async (c) => {
    const { invitation_id } = c.req.valid('param');
    const found = await findInvitation(await copyDatabase(c), invitation_id);
    return found === null
      ? refuseThread(c, { reason: 'invitation_not_found' })
      : await accept(c, found.chat_id, invitation_id);
  });

  const routeOfChat = defineRoute({
    operationId: `${VERBS[method]}IncomingInvitationOfChat`,
    ...acceptParts,
    ...routeIn(userChats, '/{chat_id}/incoming_chat_invitations/{invitation_id}'),
    method,
    request: { params: chatParams(userChats, invitation), body: bodyOf(acceptSchema) },
  });
  incomingInvitationRoutes.openapi(routeOfChat, async (c) => {
    const { chat_id, invitation_id } = c.req.valid('param');
    return await accept(c, chat_id, invitation_id);
  });
}

/** Ids under which the caller may be invited: their own, those of their teams and that of their organization. */
async function findInviteeIds(c: AppContext): Promise<string[]> {
  const { user: own, organization } = c.var.principal;
  return [own.id, organization.id, ...(await teamsOfCaller(c))];
}

async function accept(c: AppContext, chatId: string, invitationId: string) {
  const { user: actor } = c.var.principal;
  const [stands_for, attendance] = await Promise.all([findInviteeIds(c), attendanceIn(c, chatId, true)]);
  const command = { type: 'accept_invitation' as const, actor, ...attendance, invitation_id: invitationId, stands_for };
  const accepted = await commandOfActor(c, chatId, command);
  if (!accepted.ok) await givePlaceBack(c, chatId);
  return accepted.ok ? c.json(resourceOf(accepted.answer.invitation, accepted.answer.chat), 200) : accepted.refused;
}
