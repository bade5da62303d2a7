import { z } from '@hono/zod-openapi';
import { findReceivedShare, listReceivedShares } from '../../directory/received-shares.ts';
import { endShare, insertShare, type SharedKind } from '../../directory/shares.ts';
import { type AppContext, directoryDatabases } from '../../http/app-environment.ts';
import { auditEntryFor, nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { type ReceivedShare, receivedShareResource } from '../../resources/share.ts';
import { outwardSettings } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';
import { nestedOrganizationSchema } from '../shared/user-schemas.ts';
import { idOf, SHARED_KINDS, shareStatus, shareTime } from './shares.ts';

const id = z.string().openapi({ format: 'uuid' });
const receivedSchema = z
  .object({
    id: id.openapi({ description: 'Of the room or team.' }),
    name: z.string(),
    organization_id: id.openapi({ description: 'Whose it is.' }),
    organization: nestedOrganizationSchema,
    status: shareStatus,
    is_deleted: z.boolean().openapi({
      description: 'Whether its owner has deleted it. The chats of a deleted room stay visible while it is shared.',
    }),
    created_at: shareTime,
  })
  .openapi('ReceivedShare');

const common = { tag: 'Shares', access: outwardSettings };
const NOT_FOUND = { reason: 'not_found', detail: 'Nothing of this id is shared or offered.' } as const;

/** What others share with an organization and offer to it (an extension). Nothing is shared before it accepts. */
export const receivedShareRoutes = createRouter();
addRoutes(receivedShareRoutes, 'room');
addRoutes(receivedShareRoutes, 'team');

function addRoutes(routes: AppRouter, kind: SharedKind): void {
  const { name, params, shared, unshared } = SHARED_KINDS[kind];
  const all = `/orgs/{organization_id}/received_shares/${kind}s`;
  const one = `${all}/{${kind}_id}`;

  const getAll = defineRoute({
    operationId: `listReceived${name}s`,
    ...common,
    method: 'get',
    path: all,
    summary: `List the ${kind}s that others share with the organization`,
    description: `Also those that they offer. By the ids of the ${kind}s.`,
    request: { params: organizationPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(receivedSchema), 'A page') },
  });
  routes.openapi(getAll, async (c) => {
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listReceivedShares(directoryDatabases(c), kind, c.var.organization.id, asked.page.keyset);
    return c.json(idCollection(c, asked.page, rows, receivedShareResource), 200);
  });

  const getOne = defineRoute({
    operationId: `getReceived${name}`,
    ...common,
    method: 'get',
    path: one,
    summary: `Get a ${kind} that others share with the organization, or offer`,
    description: `A ${kind} that is neither is not found.`,
    request: { params },
    answers: { 200: jsonOf(receivedSchema, `The ${kind}`) },
  });
  routes.openapi(getOne, async (c) => {
    const share = await find(c, kind, idOf(kind, c.req.valid('param')));
    return share === null ? refuse(c, NOT_FOUND) : c.json(receivedShareResource(share), 200);
  });

  const accept = defineRoute({
    operationId: `acceptReceived${name}`,
    ...common,
    method: 'put',
    path: one,
    summary: `Accept a ${kind} that is offered`,
    description: `It is shared from now on. ${shared} A repeat changes nothing. An offer that was taken back, or whose ${kind} was deleted, is 404.`,
    request: { params },
    answers: { 200: jsonOf(receivedSchema, 'It is shared') },
  });
  routes.openapi(accept, async (c) => {
    const found = await find(c, kind, idOf(kind, c.req.valid('param')));
    if (found === null) return refuse(c, NOT_FOUND);
    if (found.status === 'shared') return c.json(receivedShareResource(found), 200);
    const put = await insertShare(directoryDatabases(c), thingOf(c, kind, found), {
      ...changeOf(c, kind, found),
      isAccepting: true,
    });
    if (put === null) return refuse(c, NOT_FOUND);
    return c.json(receivedShareResource({ ...found, ...put.share, organization_id: found.organization_id }), 200);
  });

  const leave = defineRoute({
    operationId: `deleteReceived${name}`,
    ...common,
    method: 'delete',
    path: one,
    summary: `Decline a ${kind} that is offered, or leave one that is shared`,
    description: `As if its owner took it back. ${unshared} The owner can offer it again. Repeating the call answers 404.`,
    request: { params },
    answers: { 204: { description: 'No longer shared or offered' } },
  });
  routes.openapi(leave, async (c) => {
    const found = await find(c, kind, idOf(kind, c.req.valid('param')));
    if (found === null) return refuse(c, NOT_FOUND);
    const isEnded = await endShare(directoryDatabases(c), thingOf(c, kind, found), changeOf(c, kind, found));
    return isEnded ? c.body(null, 204) : refuse(c, NOT_FOUND);
  });
}

/** A room or team, if it is offered to the caller's organization or shared with it. */
function find(c: AppContext, kind: SharedKind, named: string): Promise<ReceivedShare | null> {
  return findReceivedShare(directoryDatabases(c), kind, c.var.organization.id, named);
}

function thingOf(c: AppContext, kind: SharedKind, { id, organization_id }: ReceivedShare) {
  return { kind, id, owner_id: organization_id, partner_id: c.var.organization.id };
}

/** The change, with its entries for both organizations. */
function changeOf(c: AppContext, kind: SharedKind, { id, organization_id }: ReceivedShare) {
  nameTarget(c, { type: kind, id, details: { owner_id: organization_id } });
  const told = auditEntryFor(c, organization_id, { type: kind, id, details: { partner_id: c.var.organization.id } });
  return { now: Date.now(), told };
}
