import { z } from '@hono/zod-openapi';
import type { TeamRow } from '../../db/rows.ts';
import { viewTeams } from '../../directory/team-views.ts';
import { deleteTeam, findTeam, insertTeam, listTeams, updateTeam } from '../../directory/teams.ts';
import { type AppContext, directoryDatabases, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import {
  collectionQuery,
  collectionResponse,
  collectionSchema,
  creationKey,
  orderingParameter,
  readPage,
} from '../../http/collection.ts';
import { isoTimeSchema, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { type TeamView, teamResource, teamResourceV6 } from '../../resources/team.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { organizationPath, TEAM_NOT_FOUND, teamPath } from '../shared/paths.ts';
import { nestedOrganizationSchema, nestedUserOrNull } from '../shared/user-schemas.ts';
import { chosenId, type Door } from './door.ts';

const changes = z.object({ name: textField({ max: 255 }), display_name: textField({ max: 255 }) }).partial();
const whole = changes.required({ name: true });
type WholeTeam = z.infer<typeof whole>;

const patchTeamBody = changes.openapi('PatchTeam');
const newTeamBody = whole.openapi('NewTeam');
const chosenTeamBody = whole.extend(chosenId).openapi('AdminNewTeam');

const id = z.string().openapi({ format: 'uuid' });
const count = z.int().min(0);

const teamSchema = z
  .object({
    id,
    organization_id: id,
    organization: nestedOrganizationSchema,
    name: z.string(),
    display_name: z.string(),
    member_count: count,
    present_member_count: count,
    is_online: z.boolean(),
    is_present: z.boolean(),
    is_connected_to_room: z.boolean(),
    group_chat_id: z.null(),
    created_by_user_id: id.nullable(),
    created_by_user: nestedUserOrNull,
    updated_by_user_id: id.nullable(),
    updated_by_user: nestedUserOrNull,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('Team');

const teamSchemaV6 = teamSchema
  .extend({ is_humans_online: z.boolean(), is_deleted: z.boolean(), deleted_at: isoTimeSchema.nullable() })
  .openapi('TeamV6');

/** The team as a version of the API shows it. */
type Form = {
  schema: z.ZodType<z.infer<typeof teamSchema>>;
  resource: (team: TeamView) => z.infer<typeof teamSchema>;
};
const FORMS: { [version in Door['version']]: Form } = {
  5: { schema: teamSchema, resource: teamResource },
  6: { schema: teamSchemaV6, resource: teamResourceV6 },
};

const TEAM_EXISTS: Refusal = { reason: 'conflict', detail: 'A team with this id already exists.' };

/** The teams of an organization, behind a door. */
export function teamRoutesOf(door: Door): AppRouter {
  const { schema, resource } = FORMS[door.version];
  const created: z.ZodType<WholeTeam & { id?: string | undefined }> = door.isOperator ? chosenTeamBody : newTeamBody;
  const tag = door.tagOf('Teams');
  const writer = door.writer('users');
  const all = `${door.organization}/teams` as const;
  const one = `${all}/{team_id}` as const;
  const routes = createRouter();

  const getTeams = defineRoute({
    operationId: door.nameOf('listTeams'),
    tag,
    access: door.reader,
    method: 'get',
    path: all,
    summary: 'List the teams of an organization',
    description: 'The teams that are not deleted, with the presence of their members.',
    request: {
      params: organizationPath,
      query: z.object({
        ...collectionQuery,
        ordering: orderingParameter(['created_at', '-created_at']).default('created_at'),
      }),
    },
    answers: { 200: jsonOf(collectionSchema(schema), 'A page') },
  });
  routes.openapi(getTeams, async (c) => {
    const { ordering, ...query } = c.req.valid('query');
    const asked = readPage(query, ordering, creationKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listTeams(identityDatabase(c), c.var.organization.id, ordering, asked.page.keyset);
    const views = await viewsOf(c, rows);
    const keyOf = (team: TeamView) => [team.created_at, team.id];
    return c.json(collectionResponse(c, { page: asked.page, rows: views, keyOf, resource }), 200);
  });

  const createTeam = defineRoute({
    operationId: door.nameOf('createTeam'),
    tag,
    access: writer,
    method: 'post',
    idempotency: 'identity',
    path: all,
    summary: 'Create a team',
    description: `It starts without members. \`display_name\` is the name if it is left out. Above the quota of teams it is 409. ${door.repeatedCreation}`,
    request: { params: organizationPath, body: bodyOf(created) },
    refusals: [409],
    answers: { 201: jsonOf(schema, 'Created') },
  });
  routes.openapi(createTeam, async (c) => {
    const { id: chosen, name, display_name = name } = c.req.valid('json');
    const now = Date.now();
    const id = chosen ?? newUuid(now);
    nameTarget(c, { type: 'team', id });
    const team = { id, name, display_name, created_by_user_id: door.userId(c), created_at: now };
    const quota = await quotaOf(c, 'teams');
    const added = await insertTeam(identityDatabase(c), c.var.organization.id, team, quota.limit);
    if (!added.ok) return refuse(c, added.reason === 'quota' ? quotaReached(quota) : TEAM_EXISTS);
    return c.json(resource(await viewOf(c, added.row)), 201);
  });

  const getTeam = defineRoute({
    operationId: door.nameOf('getTeam'),
    tag,
    access: door.reader,
    method: 'get',
    path: one,
    summary: 'Get a team',
    description: '`is_connected_to_room` says whether a router names the team. A deleted team is not found.',
    request: { params: teamPath },
    answers: { 200: jsonOf(schema, 'The team') },
  });
  routes.openapi(getTeam, async (c) => {
    const row = await findTeam(identityDatabase(c), c.var.organization.id, c.req.valid('param').team_id);
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const putTeam = defineRoute({
    operationId: door.nameOf('replaceTeam'),
    tag,
    access: writer,
    method: 'put',
    path: one,
    summary: 'Replace a team',
    description: 'A display name that is left out becomes the name. Members stay. The call can be repeated.',
    request: { params: teamPath, body: bodyOf(newTeamBody) },
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(putTeam, async (c) => {
    const { name, display_name = name } = c.req.valid('json');
    const row = await changeTeam(c, c.req.valid('param').team_id, { name, display_name });
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const patchTeam = defineRoute({
    operationId: door.nameOf('updateTeam'),
    tag,
    access: writer,
    method: 'patch',
    path: one,
    summary: 'Change a team',
    description: 'A field that is left out stays. The call can be repeated.',
    request: { params: teamPath, body: bodyOf(patchTeamBody) },
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(patchTeam, async (c) => {
    const row = await changeTeam(c, c.req.valid('param').team_id, c.req.valid('json'));
    return row === null ? refuse(c, TEAM_NOT_FOUND) : c.json(resource(await viewOf(c, row)), 200);
  });

  const removeTeam = defineRoute({
    operationId: door.nameOf('deleteTeam'),
    tag,
    access: writer,
    method: 'delete',
    path: one,
    summary: 'Delete a team',
    description:
      'Routers that name it no longer reach its members. Its canned replies and offers to partners go. Its members keep the chats that they have joined. Repeating the call answers 404.',
    request: { params: teamPath },
    answers: { 204: { description: 'Deleted' } },
  });
  routes.openapi(removeTeam, async (c) => {
    const { team_id } = c.req.valid('param');
    const isDeleted = await deleteTeam(identityDatabase(c), c.var.organization.id, team_id, Date.now());
    return isDeleted ? c.body(null, 204) : refuse(c, TEAM_NOT_FOUND);
  });

  function changeTeam(c: AppContext, teamId: string, names: z.infer<typeof changes>): Promise<TeamRow | null> {
    const columns = { ...names, updated_by_user_id: door.userId(c) };
    return updateTeam(identityDatabase(c), c.var.organization.id, teamId, columns, Date.now());
  }

  return routes;
}

function viewsOf(c: AppContext, rows: readonly TeamRow[]): Promise<TeamView[]> {
  const { id, name } = c.var.organization;
  return viewTeams(directoryDatabases(c), { id, name }, rows, Date.now());
}

async function viewOf(c: AppContext, row: TeamRow): Promise<TeamView> {
  const [view] = await viewsOf(c, [row]);
  if (view === undefined) throw new Error('a team has a view');
  return view;
}
