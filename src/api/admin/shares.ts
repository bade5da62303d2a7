import { z } from '@hono/zod-openapi';
import { findOrganization } from '../../directory/organizations.ts';
import { deleteShare, insertShare, listShares, type Share } from '../../directory/shares.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { organizationWithDatabase } from './organization-database.ts';
import { organizationPath } from './schemas.ts';

const common = { tag: 'Administration', access: operator };

const shareSchema = z
  .object({ organization_id: z.string().openapi({ description: 'The partner.' }), created_at: isoTimeSchema })
  .openapi('AdminShare');

const shareResource = (share: Share) => ({
  organization_id: share.organization_id,
  created_at: isoTime(share.created_at),
});

/** Rooms and teams are shared with partner organizations in the same way, but they lie in different databases. */
export const shareRoutes = createRouter();

for (const kind of ['room', 'team'] as const) {
  const name = kind === 'room' ? 'Room' : 'Team';
  const params = organizationPath.extend({ id: pathId('id') });
  const partnerParams = params.extend({ partner_id: pathId('partner_id') });
  const path = `/organizations/{organization_id}/${kind}s/{id}/shares`;

  const getShares = defineRoute({
    operationId: `adminList${name}Shares`,
    ...common,
    method: 'get',
    path,
    summary: `List the partners with whom a ${kind} is shared`,
    request: { params, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(shareSchema), 'A page') },
  });
  shareRoutes.openapi(getShares, async (c) => {
    const { organization_id, id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), 'organization_id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const known = await organizationWithDatabase(c, organization_id);
    if (known === null) return refuse(c, { reason: 'organization_unknown' });
    const database = kind === 'room' ? known.database : identityDatabase(c);
    const rows = await listShares(database, kind, organization_id, id, asked.page.keyset);
    if (rows === null) return refuse(c, { reason: 'not_found' });
    const keyOf = (share: Share) => [share.organization_id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: shareResource }), 200);
  });

  const putShare = defineRoute({
    operationId: `adminPut${name}Share`,
    ...common,
    method: 'put',
    path: `${path}/{partner_id}`,
    summary: `Share a ${kind} with a partner organization`,
    request: { params: partnerParams },
    refusals: [409],
    answers: {
      200: jsonOf(shareSchema, 'It was shared already'),
      201: jsonOf(shareSchema, 'It is shared now'),
    },
  });
  shareRoutes.openapi(putShare, async (c) => {
    const { organization_id, id, partner_id } = c.req.valid('param');
    const [known, partner] = await Promise.all([
      organizationWithDatabase(c, organization_id),
      findOrganization(identityDatabase(c), partner_id),
    ]);
    if (known === null || partner === null) return refuse(c, { reason: 'not_found' });
    if (partner_id === organization_id) {
      return refuse(c, { reason: 'conflict', detail: `A ${kind} is not shared with its own organization.` });
    }
    if (partner.database !== known.organization.database) {
      return refuse(c, { reason: 'conflict', detail: 'The two organizations lie in different databases.' });
    }
    const database = kind === 'room' ? known.database : identityDatabase(c);
    const share = { organization_id: partner_id, created_at: Date.now() };
    const put = await insertShare(database, kind, organization_id, id, share);
    if (put === null) return refuse(c, { reason: 'not_found' });
    purgeReach();
    return c.json(shareResource(put.share), put.isNew ? 201 : 200);
  });

  const removeShare = defineRoute({
    operationId: `adminDelete${name}Share`,
    ...common,
    method: 'delete',
    path: `${path}/{partner_id}`,
    summary: `Stop sharing a ${kind}`,
    request: { params: partnerParams },
    answers: { 204: { description: 'It is not shared any more' } },
  });
  shareRoutes.openapi(removeShare, async (c) => {
    const { organization_id, id, partner_id } = c.req.valid('param');
    const known = await organizationWithDatabase(c, organization_id);
    if (known === null) return refuse(c, { reason: 'organization_unknown' });
    const database = kind === 'room' ? known.database : identityDatabase(c);
    const isDeleted = await deleteShare(database, kind, organization_id, id, partner_id);
    if (!isDeleted) return refuse(c, { reason: 'not_found' });
    purgeReach();
    return c.body(null, 204);
  });
}
