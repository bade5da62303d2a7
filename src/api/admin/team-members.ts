import { z } from '@hono/zod-openapi';
import { deleteTeamMember, insertTeamMember, listTeamMembers } from '../../directory/team-members.ts';
import { findTeam } from '../../directory/teams.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema } from '../../http/collection.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { purgeReach } from '../reach-cache.ts';
import { idCollection, readIdPage } from './id-collection.ts';
import { teamMemberPath, teamMemberResource, teamMemberSchema, teamPath } from './team-schemas.ts';

const common = { tag: 'Administration', access: operator };
const ALL = '/organizations/{organization_id}/teams/{team_id}/members';

const getMembers = defineRoute({
  operationId: 'adminListMembers',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List the members of a team',
  request: { params: teamPath, query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(teamMemberSchema), 'A page') },
});

const putMember = defineRoute({
  operationId: 'adminPutMember',
  ...common,
  method: 'put',
  path: `${ALL}/{user_id}`,
  summary: 'Make a user a member of a team',
  request: { params: teamMemberPath },
  answers: {
    200: jsonOf(teamMemberSchema, 'The user was a member already'),
    201: jsonOf(teamMemberSchema, 'The user is a member now'),
  },
});

const removeMember = defineRoute({
  operationId: 'adminDeleteMember',
  ...common,
  method: 'delete',
  path: `${ALL}/{user_id}`,
  summary: 'Take a user out of a team',
  request: { params: teamMemberPath },
  answers: { 204: { description: 'The user is no longer a member' } },
});

export const teamMemberRoutes = createRouter();

teamMemberRoutes.openapi(getMembers, async (c) => {
  const { organization_id, team_id } = c.req.valid('param');
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const identity = identityDatabase(c);
  if ((await findTeam(identity, organization_id, team_id)) === null) return refuse(c, { reason: 'not_found' });
  const rows = await listTeamMembers(identity, organization_id, team_id, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, teamMemberResource), 200);
});

teamMemberRoutes.openapi(putMember, async (c) => {
  const { organization_id, team_id, user_id } = c.req.valid('param');
  const put = await insertTeamMember(identityDatabase(c), organization_id, team_id, user_id, Date.now());
  if (put === null) return refuse(c, { reason: 'not_found' });
  purgeReach();
  return c.json(teamMemberResource(put.member), put.isNew ? 201 : 200);
});

teamMemberRoutes.openapi(removeMember, async (c) => {
  const { organization_id, team_id, user_id } = c.req.valid('param');
  const isDeleted = await deleteTeamMember(identityDatabase(c), organization_id, team_id, user_id);
  if (!isDeleted) return refuse(c, { reason: 'not_found' });
  purgeReach();
  return c.body(null, 204);
});
