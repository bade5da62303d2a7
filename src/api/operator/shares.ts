import { z } from '@hono/zod-openapi';
import { findOrganization } from '../../directory/organizations.ts';
import { deleteShare, insertShare, listShares, type Share } from '../../directory/shares.ts';
import { directoryDatabases, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { operatorOfOrganization } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';

const reading = { tag: 'Administration', access: operatorOfOrganization };
const writing = { tag: 'Administration', access: operatorOfOrganization };

const shareSchema = z
  .object({ organization_id: z.string().openapi({ description: 'The partner.' }), created_at: isoTimeSchema })
  .openapi('AdminShare');

const shareResource = (share: Share) => ({
  organization_id: share.organization_id,
  created_at: isoTime(share.created_at),
});

const SHARED = {
  room: 'Its routers may then name users of the partner, teams that the partner shares, or all of the partner; these see its chats.',
  team: 'Routers of the partner may then name the team, in rooms that the partner shares in turn, and users of the partner may invite it to chats.',
};
const UNSHARED = {
  room: 'The room no longer reaches anybody of the partner. They keep only the chats in which they take part.',
  team: 'Routers of the partner no longer reach the team. Its members keep only the chats in which they take part.',
};

/** Rooms and teams are shared with partner organizations in the same way, but they are stored in different databases. */
export const shareRoutes = createRouter();

for (const kind of ['room', 'team'] as const) {
  const name = kind === 'room' ? 'Room' : 'Team';
  const params = organizationPath.extend({ id: pathId('id') });
  const partnerParams = params.extend({ partner_id: pathId('partner_id') });
  const path = `/organizations/{organization_id}/${kind}s/{id}/shares`;

  const getShares = defineRoute({
    operationId: `adminList${name}Shares`,
    ...reading,
    method: 'get',
    path,
    summary: `List the partners with which a ${kind} is shared`,
    description: `By the ids of the partners. A ${kind} that the organization does not have is not found.`,
    request: { params, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(shareSchema), 'A page') },
  });
  shareRoutes.openapi(getShares, async (c) => {
    const asked = readPage(c.req.valid('query'), 'organization_id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listShares(
      directoryDatabases(c),
      kind,
      c.var.organization.id,
      c.req.valid('param').id,
      asked.page.keyset,
    );
    if (rows === null) return refuse(c, { reason: 'not_found' });
    const keyOf = (share: Share) => [share.organization_id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: shareResource }), 200);
  });

  const putShare = defineRoute({
    operationId: `adminPut${name}Share`,
    ...writing,
    method: 'put',
    path: `${path}/{partner_id}`,
    summary: `Share a ${kind} with a partner organization`,
    description: `${SHARED[kind]} A repeat answers 200 and changes nothing. Both organizations must be stored in the same database, else 409; so is the organization itself as partner.`,
    request: { params: partnerParams },
    refusals: [409],
    answers: {
      200: jsonOf(shareSchema, 'It was shared already'),
      201: jsonOf(shareSchema, 'It is shared now'),
    },
  });
  shareRoutes.openapi(putShare, async (c) => {
    const { id, partner_id } = c.req.valid('param');
    const { organization } = c.var;
    const partner = await findOrganization(identityDatabase(c), partner_id);
    if (partner === null) return refuse(c, { reason: 'not_found' });
    if (partner_id === organization.id) {
      return refuse(c, { reason: 'conflict', detail: `A ${kind} cannot be shared with its own organization.` });
    }
    if (partner.database !== organization.database) {
      return refuse(c, { reason: 'conflict', detail: 'The two organizations are stored in different databases.' });
    }
    const share = { organization_id: partner_id, created_at: Date.now() };
    nameTarget(c, { type: kind, id });
    const put = await insertShare(directoryDatabases(c), kind, organization.id, id, share);
    if (put === null) return refuse(c, { reason: 'not_found' });
    return c.json(shareResource(put.share), put.isNew ? 201 : 200);
  });

  const removeShare = defineRoute({
    operationId: `adminDelete${name}Share`,
    ...writing,
    method: 'delete',
    path: `${path}/{partner_id}`,
    summary: `Stop sharing a ${kind}`,
    description: `${UNSHARED[kind]} Repeating the call answers 404.`,
    request: { params: partnerParams },
    answers: { 204: { description: 'No longer shared' } },
  });
  shareRoutes.openapi(removeShare, async (c) => {
    const { id, partner_id } = c.req.valid('param');
    nameTarget(c, { type: kind, id });
    const isDeleted = await deleteShare(directoryDatabases(c), kind, c.var.organization.id, id, partner_id, Date.now());
    return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  });
}
