import { z } from '@hono/zod-openapi';
import { findOrganization, listOrganizationNames } from '../../directory/organizations.ts';
import { endShare, insertShare, listShares, MOST_OFFERS, offerShare, type SharedKind } from '../../directory/shares.ts';
import { directoryDatabases, identityDatabase } from '../../http/app-environment.ts';
import { auditEntryFor, nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { SHARE_STATUSES, type Share, shareResource } from '../../resources/share.ts';
import { defineRoute } from '../define-route.ts';
import { ROOM_NOT_FOUND, roomPath, TEAM_NOT_FOUND, teamPath } from '../shared/paths.ts';
import { nestedOrganizationSchema } from '../shared/user-schemas.ts';
import type { Door } from './door.ts';

export const shareStatus = z.enum(SHARE_STATUSES).openapi({
  description: '`offered`: the partner has not accepted yet, and nothing is shared.',
});
export const shareTime = isoTimeSchema.openapi({ description: 'Since when it has its status.' });

const shareSchema = z.object({
  organization_id: z.string().openapi({ description: 'The partner.' }),
  organization: nestedOrganizationSchema,
  status: shareStatus,
  created_at: shareTime,
});
const OPERATOR_FORM = shareSchema.openapi('AdminShare');
const TENANT_FORM = shareSchema.openapi('Share');

const OFFERS = MOST_OFFERS.toLocaleString('en');
const conflict = (detail: string): Refusal => ({ reason: 'conflict', detail });

/** Rooms and teams are shared in the same way; they are stored in different databases. */
export const SHARED_KINDS = {
  room: {
    name: 'Room',
    params: roomPath,
    notFound: ROOM_NOT_FOUND,
    shared: 'Its routers may then name teams that the partner shares, or all of the partner; these see its chats.',
    unshared: 'The room no longer reaches anybody of the partner. They keep only the chats in which they take part.',
  },
  team: {
    name: 'Team',
    params: teamPath,
    notFound: TEAM_NOT_FOUND,
    shared:
      'Routers of the partner may then name the team, in rooms that the partner shares in turn, and users of the partner may invite it to chats.',
    unshared:
      'Routers of the partner no longer reach the team. Its members keep only the chats in which they take part.',
  },
} as const;

/** The id of the room or team that a path names. */
export const idOf = (kind: SharedKind, names: { [parameter: string]: string }) => names[`${kind}_id`] ?? '';

/** With whom rooms and teams of an organization are shared, and to whom they are offered, behind a door. */
export function shareRoutesOf(door: Door): AppRouter {
  const routes = createRouter();
  addRoutes(routes, door, 'room');
  addRoutes(routes, door, 'team');
  return routes;
}

function addRoutes(routes: AppRouter, door: Door, kind: SharedKind): void {
  const { name, notFound, shared, unshared } = SHARED_KINDS[kind];
  const schema = door.isOperator ? OPERATOR_FORM : TENANT_FORM;
  const common = { tag: door.tagOf('Shares'), access: door.shares };
  const params = SHARED_KINDS[kind].params;
  const partnerParams = params.extend({ partner_id: pathId('partner_id') });
  const path = `${door.organization}/${kind}s/{${kind}_id}/shares`;

  const getShares = defineRoute({
    operationId: door.nameOf(`list${name}Shares`),
    ...common,
    method: 'get',
    path,
    summary: `List the partners with which a ${kind} is shared`,
    description: `Also those to which it is offered. By the ids of the partners. A ${kind} that the organization does not have is not found; a deleted one is.`,
    request: { params, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(schema), 'A page') },
  });
  routes.openapi(getShares, async (c) => {
    const asked = readPage(c.req.valid('query'), 'organization_id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const id = idOf(kind, c.req.valid('param'));
    const rows = await listShares(directoryDatabases(c), kind, c.var.organization.id, id, asked.page.keyset);
    if (rows === null) return refuse(c, notFound);
    const names = await listOrganizationNames(
      identityDatabase(c),
      rows.map(({ organization_id }) => organization_id),
    );
    const keyOf = (share: Share) => [share.organization_id];
    const resource = (share: Share) => shareResource(share, names.get(share.organization_id) ?? '');
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
  });

  const putShare = defineRoute({
    operationId: door.nameOf(`put${name}Share`),
    ...common,
    method: 'put',
    path: `${path}/{partner_id}`,
    summary: door.isOperator ? `Share a ${kind} with a partner organization` : `Offer a ${kind} to a partner`,
    description: `${door.isOperator ? 'At once: the partner is not asked.' : 'Nothing is shared until the partner accepts.'} ${shared} A repeat answers 200 and changes nothing. Both organizations must be stored in the same database, else 409; so is the organization itself as partner${door.isOperator ? '' : `, and more than ${OFFERS} offers of ${kind}s at the same time`}.`,
    request: { params: partnerParams },
    refusals: [409],
    answers: {
      200: jsonOf(schema, 'It was there already'),
      201: jsonOf(schema, door.isOperator ? 'It is shared now' : 'It is offered now'),
    },
  });
  routes.openapi(putShare, async (c) => {
    const { partner_id, ...names } = c.req.valid('param');
    const id = idOf(kind, names);
    const { organization } = c.var;
    const partner = await findOrganization(identityDatabase(c), partner_id);
    if (partner === null) return refuse(c, { reason: 'not_found', detail: 'Partner organization not found.' });
    if (partner_id === organization.id) {
      return refuse(c, conflict(`A ${kind} cannot be shared with its own organization.`));
    }
    if (partner.database !== organization.database) {
      return refuse(c, conflict('The two organizations are stored in different databases.'));
    }
    nameTarget(c, { type: kind, id });
    const thing = { kind, id, owner_id: organization.id, partner_id };
    const now = Date.now();
    if (!door.isOperator) {
      const put = await offerShare(directoryDatabases(c), thing, now);
      if (put.ok) return c.json(shareResource(put.share, partner.name), put.isNew ? 201 : 200);
      const full = conflict(`At most ${OFFERS} ${kind}s are offered at the same time.`);
      return refuse(c, put.reason === 'full' ? full : notFound);
    }
    const told = auditEntryFor(c, partner_id, { type: kind, id, details: { owner_id: organization.id } });
    const put = await insertShare(directoryDatabases(c), thing, { now, told });
    if (put === null) return refuse(c, notFound);
    return c.json(shareResource(put.share, partner.name), put.isNew ? 201 : 200);
  });

  const removeShare = defineRoute({
    operationId: door.nameOf(`delete${name}Share`),
    ...common,
    method: 'delete',
    path: `${path}/{partner_id}`,
    summary: `Stop sharing a ${kind}`,
    description: `Or take an offer back. ${unshared} Repeating the call answers 404.`,
    request: { params: partnerParams },
    answers: { 204: { description: 'No longer shared or offered' } },
  });
  routes.openapi(removeShare, async (c) => {
    const { partner_id, ...names } = c.req.valid('param');
    const id = idOf(kind, names);
    const owner_id = c.var.organization.id;
    nameTarget(c, { type: kind, id });
    const told = auditEntryFor(c, partner_id, { type: kind, id, details: { owner_id } });
    const thing = { kind, id, owner_id, partner_id };
    const isEnded = await endShare(directoryDatabases(c), thing, { now: Date.now(), told });
    return isEnded ? c.body(null, 204) : refuse(c, { reason: 'not_found', detail: 'Share not found.' });
  });
}
