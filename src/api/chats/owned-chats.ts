import { createRoute, z } from '@hono/zod-openapi';
import { listOwnedChats } from '../../chats/list-chats.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import { userTokenSecurity } from '../../http/openapi.ts';
import { refusalResponses, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { chatResource } from '../../resources/chat.ts';
import { membershipResource } from '../../resources/membership.ts';
import { refuseThread } from '../refuse-thread.ts';
import { readOfChat } from './command-to-chat.ts';
import { organizationGuards } from './guards.ts';
import { chatSchema, membershipSchema } from './schemas.ts';

const organization = z.object({ organization_id: pathId('organization_id') });
const chat = organization.extend({ chat_id: pathId('chat_id') });
const shared = {
  method: 'get' as const,
  tags: ['Chats'],
  security: userTokenSecurity,
  middleware: organizationGuards,
};

const listRoute = createRoute({
  ...shared,
  path: '/orgs/{organization_id}/owned_chats',
  summary: "List organization's owned chats",
  request: {
    params: organization,
    query: z.object({ ...collectionQuery, ordering: z.enum(['created_at', '-created_at']).optional() }),
  },
  responses: {
    200: jsonOf(collectionSchema(chatSchema), 'Chats, newest first unless ordered otherwise'),
    ...refusalResponses(400, 401, 403, 503),
  },
});

const retrieveRoute = createRoute({
  ...shared,
  path: '/orgs/{organization_id}/owned_chats/{chat_id}',
  summary: "Retrieve details of organization's owned chat",
  request: { params: chat },
  responses: { 200: jsonOf(chatSchema, 'The chat'), ...refusalResponses(401, 403, 404, 503) },
});

const membershipsRoute = createRoute({
  ...shared,
  path: '/orgs/{organization_id}/owned_chats/{chat_id}/memberships',
  summary: "List organization's owned chat's memberships",
  request: { params: chat, query: z.object(collectionQuery) },
  responses: {
    200: jsonOf(collectionSchema(membershipSchema), 'Memberships, oldest first'),
    ...refusalResponses(400, 401, 403, 404, 503),
  },
});

/** GET /orgs/<organization_id>/owned_chats and below (seed 001). The list comes from D1, one chat from its thread. */
export const ownedChatRoutes = createRouter();

ownedChatRoutes.openapi(listRoute, async (c) => {
  const query = c.req.valid('query');
  const ordering = query.ordering ?? '-created_at';
  const read = readPage(query, ordering, idKey);
  if (!read.ok) return refuse(c, read.refusal);
  const { organization: owner } = c.var.principal;
  const rows = await listOwnedChats(organizationDatabase(c), owner.id, ordering, read.page.keyset);
  const parts = { page: read.page, rows, keyOf: (row: { id: string }) => [row.id], resource: chatResource };
  return c.json(collectionResponse(c, parts), 200);
});

ownedChatRoutes.openapi(retrieveRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const viewer = { kind: 'owner' as const, organization_id: c.var.principal.organization.id };
  const result = await readOfChat(c, chat_id, (stub) => stub.readChat({ v: 1, chat_id, viewer }));
  if (!result.ok) return refuseThread(c, result.refusal);
  return c.json(chatResource(result.answer.chat), 200);
});

ownedChatRoutes.openapi(membershipsRoute, async (c) => {
  const { chat_id } = c.req.valid('param');
  const read = readPage(c.req.valid('query'), 'created_at', z.tuple([z.int().min(0)]));
  if (!read.ok) return refuse(c, read.refusal);
  const viewer = { kind: 'owner' as const, organization_id: c.var.principal.organization.id };
  const result = await readOfChat(c, chat_id, (stub) => stub.readChat({ v: 1, chat_id, viewer }));
  if (!result.ok) return refuseThread(c, result.refusal);
  const { members, chat: facts } = result.answer;
  const { page } = read;
  const placed = members.map((member, place) => ({ member, place: place + 1 }));
  const key = Number(page.keyset.key?.[0] ?? 0);
  const isBackwards = page.keyset.direction === 'previous';
  const rows = isBackwards
    ? placed.filter(({ place }) => place < key).reverse()
    : placed.filter(({ place }) => place > key);
  const body = collectionResponse(c, {
    page,
    rows: rows.slice(0, page.size),
    hasMore: rows.length > page.size,
    keyOf: ({ place }) => [place],
    resource: ({ member }) => membershipResource(member, facts),
  });
  return c.json(body, 200);
});
