import { z } from '@hono/zod-openapi';
import type { TeamRow } from '../../db/rows.ts';
import { viewTeams } from '../../directory/team-views.ts';
import { deleteTeam, findTeam, insertTeam, listTeams, updateTeam } from '../../directory/teams.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { pathId, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { type TeamView, teamResource, teamResourceV6 } from '../../resources/team.ts';
import { newUuid } from '../../resources/uuid.ts';
import { organizationUser, organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { callerDatabases, callerOrganization } from './caller.ts';
import { teamSchema, teamSchemaV6 } from './schemas.ts';

const ALL = '/orgs/{organization_id}/teams';
const ONE = '/orgs/{organization_id}/teams/{team_id}';
const TEAM_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Team not found.' };
const organizationPath = z.object({ organization_id: pathId('organization_id') });
const teamPath = organizationPath.extend({ team_id: pathId('team_id') });

const changes = z.object({
  name: textField({ max: 255 }).optional(),
  display_name: textField({ max: 255 }).optional(),
});
const wholeTeam = changes.required({ name: true });

/** The two versions of the API that have teams, and the team as each shows it. */
const VERSIONS = {
  5: { schema: teamSchema, resource: teamResource },
  6: { schema: teamSchemaV6, resource: teamResourceV6 },
} as const;

/** The teams of an organization, to be mounted at /api/v5 and /api/v6. */
export function teamRoutesOf(version: keyof typeof VERSIONS): AppRouter {
  const schema = VERSIONS[version].schema as typeof teamSchema;
  const resource: (team: TeamView) => z.infer<typeof teamSchema> = VERSIONS[version].resource;
  const common = { tag: 'Teams' };
  const nameOf = (operation: string) => (version === 6 ? `${operation}V6` : operation);
  const routes = createRouter();

  const getTeams = defineRoute({
    operationId: nameOf('listTeams'),
    ...common,
    method: 'get',
    path: ALL,
    summary: 'List the teams of the organization',
    access: organizationUser,
    request: {
      params: organizationPath,
      query: z.object({ ...collectionQuery, ordering: z.enum(['created_at', '-created_at']).default('created_at') }),
    },
    answers: { 200: jsonOf(collectionSchema(schema), 'A page') },
  });
  routes.openapi(getTeams, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { ordering, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, z.tuple([z.number(), z.string()]));
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listTeams(identityDatabase(c), organization_id, ordering, asked.page.keyset);
    const views = await viewTeams(callerDatabases(c), callerOrganization(c), rows, Date.now());
    const keyOf = (team: TeamView) => [team.created_at, team.id];
    return c.json(collectionResponse(c, { page: asked.page, rows: views, keyOf, resource }), 200);
  });

  const createTeam = defineRoute({
    operationId: nameOf('createTeam'),
    ...common,
    method: 'post',
    path: ALL,
    summary: 'Create a team',
    access: organizationUserWith('users'),
    request: { params: organizationPath, body: bodyOf(wholeTeam) },
    refusals: [409],
    answers: { 201: jsonOf(schema, 'Created') },
  });
  routes.openapi(createTeam, async (c) => {
    const { organization_id } = c.req.valid('param');
    const { name, display_name = name } = c.req.valid('json');
    const now = Date.now();
    const row = await insertTeam(identityDatabase(c), organization_id, {
      id: newUuid(now),
      name,
      display_name,
      created_by_user_id: c.var.principal.user.id,
      created_at: now,
    });
    if (row === null) return refuse(c, { reason: 'conflict', detail: 'A team with this id already exists.' });
    return c.json(resource(await viewOf(c, row)), 201);
  });

  const getTeam = defineRoute({
    operationId: nameOf('getTeam'),
    ...common,
    method: 'get',
    path: ONE,
    summary: 'Get a team',
    access: organizationUser,
    request: { params: teamPath },
    answers: { 200: jsonOf(schema, 'The team') },
  });
  routes.openapi(getTeam, async (c) => {
    const { organization_id, team_id } = c.req.valid('param');
    const row = await findTeam(identityDatabase(c), organization_id, team_id);
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const changed = { 200: jsonOf(schema, 'Changed') };
  const putTeam = defineRoute({
    operationId: nameOf('replaceTeam'),
    ...common,
    method: 'put',
    path: ONE,
    summary: 'Replace a team',
    description: 'A display name that is left out becomes the name.',
    access: organizationUserWith('users'),
    request: { params: teamPath, body: bodyOf(wholeTeam) },
    answers: changed,
  });
  routes.openapi(putTeam, async (c) => {
    const { name, display_name = name } = c.req.valid('json');
    const row = await changeTeam(c, c.req.valid('param'), { name, display_name });
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const patchTeam = defineRoute({
    operationId: nameOf('updateTeam'),
    ...common,
    method: 'patch',
    path: ONE,
    summary: 'Change a team',
    access: organizationUserWith('users'),
    request: { params: teamPath, body: bodyOf(changes) },
    answers: changed,
  });
  routes.openapi(patchTeam, async (c) => {
    const { name, display_name } = c.req.valid('json');
    const row = await changeTeam(c, c.req.valid('param'), { name, display_name });
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const removeTeam = defineRoute({
    operationId: nameOf('deleteTeam'),
    ...common,
    method: 'delete',
    path: ONE,
    summary: 'Delete a team',
    access: organizationUserWith('users'),
    request: { params: teamPath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeTeam, async (c) => {
    const { organization_id, team_id } = c.req.valid('param');
    const isDeleted = await deleteTeam(identityDatabase(c), organization_id, team_id, Date.now());
    if (!isDeleted) return refuse(c, TEAM_NOT_FOUND);
    purgeReach();
    return c.body(null, 204);
  });

  return routes;
}

function changeTeam(
  c: AppContext,
  { organization_id, team_id }: z.infer<typeof teamPath>,
  names: { name: string | undefined; display_name: string | undefined },
): Promise<TeamRow | null> {
  const by = { updated_by_user_id: c.var.principal.user.id };
  return updateTeam(identityDatabase(c), organization_id, team_id, { ...names, ...by }, Date.now());
}

async function viewOf(c: AppContext, row: TeamRow): Promise<TeamView> {
  const [view] = await viewTeams(callerDatabases(c), callerOrganization(c), [row], Date.now());
  if (view === undefined) throw new Error('a team has a view');
  return view;
}
