import { z } from '@hono/zod-openapi';
import { organizationExists } from '../../directory/organizations.ts';
import { deleteTeam, findTeam, insertTeam, listTeams, updateTeam } from '../../directory/teams.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { newUuid } from '../../resources/uuid.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { organizationPath } from './schemas.ts';
import { newTeam, teamChanges, teamPath, teamResource, teamSchema } from './team-schemas.ts';

const common = { tag: 'Administration', access: operator };
const ONE = '/organizations/{organization_id}/teams/{team_id}';
const ALL = '/organizations/{organization_id}/teams';

const createTeam = defineRoute({
  operationId: 'adminCreateTeam',
  ...common,
  method: 'post',
  path: ALL,
  summary: 'Create a team',
  request: { params: organizationPath, body: bodyOf(newTeam) },
  refusals: [409],
  answers: { 201: jsonOf(teamSchema, 'Created') },
});

const getTeams = defineRoute({
  operationId: 'adminListTeams',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the teams of an organization',
  request: { params: organizationPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(teamSchema), 'A page') },
});

const getTeam = defineRoute({
  operationId: 'adminGetTeam',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a team',
  request: { params: teamPath },
  answers: { 200: jsonOf(teamSchema, 'The team') },
});

const patchTeam = defineRoute({
  operationId: 'adminUpdateTeam',
  ...common,
  method: 'patch',
  path: ONE,
  summary: 'Change a team',
  request: { params: teamPath, body: bodyOf(teamChanges) },
  answers: { 200: jsonOf(teamSchema, 'Changed') },
});

const removeTeam = defineRoute({
  operationId: 'adminDeleteTeam',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Delete a team',
  description: 'Routers that name it do not reach its members any more.',
  request: { params: teamPath },
  answers: { 204: { description: 'Deleted' } },
});

export const teamRoutes = createRouter();

teamRoutes.openapi(createTeam, async (c) => {
  const { organization_id } = c.req.valid('param');
  const body = c.req.valid('json');
  const identity = identityDatabase(c);
  if (!(await organizationExists(identity, organization_id))) return refuse(c, { reason: 'organization_unknown' });
  const now = Date.now();
  const row = await insertTeam(identity, organization_id, {
    id: body.id ?? newUuid(now),
    name: body.name,
    display_name: body.display_name ?? body.name,
    created_by_user_id: null,
    created_at: now,
  });
  if (row === null) return refuse(c, { reason: 'conflict', detail: 'A team with this id already exists.' });
  return c.json(teamResource(row), 201);
});

teamRoutes.openapi(getTeams, async (c) => {
  const { organization_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const identity = identityDatabase(c);
  if (!(await organizationExists(identity, organization_id))) return refuse(c, { reason: 'organization_unknown' });
  const rows = await listTeams(identity, organization_id, 'id', asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, teamResource), 200);
});

teamRoutes.openapi(getTeam, async (c) => {
  const { organization_id, team_id } = c.req.valid('param');
  const row = await findTeam(identityDatabase(c), organization_id, team_id);
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(teamResource(row), 200);
});

teamRoutes.openapi(patchTeam, async (c) => {
  const { organization_id, team_id } = c.req.valid('param');
  const { name, display_name } = c.req.valid('json');
  const changes = { name, display_name, updated_by_user_id: null };
  const row = await updateTeam(identityDatabase(c), organization_id, team_id, changes, Date.now());
  return row === null ? refuse(c, { reason: 'not_found' }) : c.json(teamResource(row), 200);
});

teamRoutes.openapi(removeTeam, async (c) => {
  const { organization_id, team_id } = c.req.valid('param');
  const isDeleted = await deleteTeam(identityDatabase(c), organization_id, team_id, Date.now());
  if (!isDeleted) return refuse(c, { reason: 'not_found' });
  purgeReach();
  return c.body(null, 204);
});
