import type { AppContext } from '../../http/app-environment.ts';
import { createRouter } from '../../http/router.ts';
import { auditedCalls, operatorOfOrganization, organizationUserWithSome } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { chatParams, commandToChat } from './in-scope.ts';
import { type ChatScope, ownedChats, pathText } from './scopes.ts';

/** The organization's own chats, behind either door. */
const ofRooms: ChatScope = {
  ...ownedChats,
  findGrant: async (c: AppContext) => {
    const reach = { organization_id: c.var.organization.id, room_ids: [] };
    return { ok: true, grant: { kind: 'reach', reach, is_pending: false } };
  },
};

const DOORS = {
  tenant: {
    operationId: 'removeChatMember',
    tag: 'Chat memberships',
    access: auditedCalls(organizationUserWithSome('users', 'settings')),
    path: '/orgs/{organization_id}/owned_chats/{chat_id}/memberships/{member_id}',
  },
  operator: {
    operationId: 'adminRemoveChatMember',
    tag: 'Administration',
    access: operatorOfOrganization,
    path: '/organizations/{organization_id}/chats/{chat_id}/memberships/{member_id}',
  },
} as const;

/** Ends memberships in the organization's chats, of its own users and of partners' (an extension). */
function routesBehind(door: (typeof DOORS)[keyof typeof DOORS]) {
  const routes = createRouter();
  const removeMember = defineRoute({
    ...door,
    method: 'delete',
    summary: 'Remove a user from a chat of the organization',
    description:
      'The user leaves, with a message of type `leave` if they took part in an open chat, and is no member any more. Invitations that they have sent expire. They may join again while the room reaches them. Works in ended chats too. The visitor cannot be removed: 409. Repeating the call answers 404.',
    request: { params: chatParams(ofRooms, { member_id: pathText('member_id').toLowerCase() }) },
    refusals: [409],
    answers: { 204: { description: 'Removed' } },
  });
  routes.openapi(removeMember, async (c) => {
    const { member_id, ...path } = c.req.valid('param');
    const removed = await commandToChat(c, ofRooms, path, { type: 'remove_member', member_id });
    return removed.ok ? c.body(null, 204) : removed.refused;
  });
  return routes;
}

export const removeMemberRoutes = routesBehind(DOORS.tenant);
export const operatorChatRoutes = routesBehind(DOORS.operator);
