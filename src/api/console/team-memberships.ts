import { z } from '@hono/zod-openapi';
import {
  deleteTeamMember,
  findTeamMember,
  insertTeamMember,
  listTeamMembers,
  type TeamMemberUserRow,
} from '../../directory/team-members.ts';
import { findTeam } from '../../directory/teams.ts';
import { userFacts } from '../../directory/users.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId, uuidField } from '../../http/fields.ts';
import { type Refusal, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { teamMemberResource } from '../../resources/team.ts';
import { organizationUser, organizationUserWith } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { teamMemberSchema } from './schemas.ts';

const common = { tag: 'Teams' };
const ALL = '/orgs/{organization_id}/teams/{team_id}/memberships';
const ONE = `${ALL}/{user_id}` as const;
const TEAM_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Team not found.' };
const teamPath = z.object({ organization_id: pathId('organization_id'), team_id: pathId('team_id') });
const memberPath = teamPath.extend({ user_id: pathId('user_id') });
const added = {
  200: jsonOf(teamMemberSchema, 'The user was a member already'),
  201: jsonOf(teamMemberSchema, 'The user is a member now'),
};

/** The members of teams, the same in versions 5 and 6. */
export function teamMembershipRoutes(version: 5 | 6): AppRouter {
  const nameOf = (operation: string) => (version === 6 ? `${operation}V6` : operation);
  const routes = createRouter();

  const getMembers = defineRoute({
    operationId: nameOf('listTeamMembers'),
    ...common,
    method: 'get',
    path: ALL,
    summary: 'List the members of a team',
    access: organizationUser,
    request: { params: teamPath, query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(teamMemberSchema), 'A page'),
    },
  });

  const postMember = defineRoute({
    operationId: nameOf('addTeamMember'),
    ...common,
    method: 'post',
    path: ALL,
    summary: 'Make a user a member of a team',
    access: organizationUserWith('users'),
    request: { params: teamPath, body: bodyOf(z.object({ user_id: uuidField() })) },
    answers: added,
  });

  const getMember = defineRoute({
    operationId: nameOf('getTeamMember'),
    ...common,
    method: 'get',
    path: ONE,
    summary: 'Get a member of a team',
    access: organizationUser,
    request: { params: memberPath },
    answers: { 200: jsonOf(teamMemberSchema, 'The member') },
  });

  const putMember = defineRoute({
    operationId: nameOf('putTeamMember'),
    ...common,
    method: 'put',
    path: ONE,
    summary: 'Make a user a member of a team',
    access: organizationUserWith('users'),
    request: { params: memberPath },
    answers: added,
  });

  const removeMember = defineRoute({
    operationId: nameOf('deleteTeamMember'),
    ...common,
    method: 'delete',
    path: ONE,
    summary: 'Take a user out of a team',
    access: organizationUserWith('users'),
    request: { params: memberPath },
    answers: { 204: { description: 'The user is no longer a member' } },
  });

  routes.openapi(getMembers, async (c) => {
    const { organization_id, team_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), 'user_id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    if ((await findTeam(identity, organization_id, team_id)) === null) return refuse(c, TEAM_NOT_FOUND);
    const rows = await listTeamMembers(identity, organization_id, team_id, asked.page.keyset);
    const keyOf = (row: TeamMemberUserRow) => [row.id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: resourceOf }), 200);
  });

  routes.openapi(postMember, async (c) => {
    const { organization_id, team_id } = c.req.valid('param');
    const { user_id } = c.req.valid('json');
    const identity = identityDatabase(c);
    if ((await findTeam(identity, organization_id, team_id)) === null) return refuse(c, TEAM_NOT_FOUND);
    const put = await insertTeamMember(identity, organization_id, team_id, user_id, Date.now());
    if (put === null) return refuseField(c, 'user_id', 'Unknown user.');
    purgeReach();
    return c.json(resourceOf(put.member), put.isNew ? 201 : 200);
  });

  routes.openapi(getMember, async (c) => {
    const { organization_id, team_id, user_id } = c.req.valid('param');
    const row = await findTeamMember(identityDatabase(c), organization_id, team_id, user_id);
    return row === null ? refuse(c, { reason: 'not_found' }) : c.json(resourceOf(row), 200);
  });

  routes.openapi(putMember, async (c) => {
    const { organization_id, team_id, user_id } = c.req.valid('param');
    const put = await insertTeamMember(identityDatabase(c), organization_id, team_id, user_id, Date.now());
    if (put === null) return refuse(c, { reason: 'not_found' });
    purgeReach();
    return c.json(resourceOf(put.member), put.isNew ? 201 : 200);
  });

  routes.openapi(removeMember, async (c) => {
    const { organization_id, team_id, user_id } = c.req.valid('param');
    const isDeleted = await deleteTeamMember(identityDatabase(c), organization_id, team_id, user_id);
    if (!isDeleted) return refuse(c, { reason: 'not_found' });
    purgeReach();
    return c.body(null, 204);
  });

  return routes;
}

function resourceOf(row: TeamMemberUserRow) {
  return teamMemberResource({ team_id: row.team_id, user: userFacts(row), joined_at: row.joined_at });
}
