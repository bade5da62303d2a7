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
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, uuidField } from '../../http/fields.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { teamMemberResource } from '../../resources/team.ts';
import { defineRoute } from '../define-route.ts';
import { TEAM_NOT_FOUND, teamPath } from '../shared/paths.ts';
import { nestedUserSchema } from '../shared/user-schemas.ts';
import type { Door } from './door.ts';

const memberPath = teamPath.extend({ user_id: pathId('user_id') });

const id = z.string().openapi({ format: 'uuid' });
const memberSchema = z
  .object({ team_id: id, user_id: id, user: nestedUserSchema, created_at: isoTimeSchema })
  .openapi('TeamMembership');

const newMember = z.object({ user_id: uuidField() }).openapi('NewTeamMember');

const added = {
  200: jsonOf(memberSchema, 'The user was a member already'),
  201: jsonOf(memberSchema, 'The user is a member now'),
};

/** The members of a team, behind a door. */
export function teamMemberRoutesOf(door: Door): AppRouter {
  const tag = door.tagOf('Teams');
  const writer = door.writer('users');
  const all = `${door.organization}/teams/{team_id}/${door.members}` as const;
  const one = `${all}/{user_id}` as const;
  const routes = createRouter();

  const getMembers = defineRoute({
    operationId: door.nameOf('listTeamMembers'),
    tag,
    access: door.reader,
    method: 'get',
    path: all,
    summary: 'List the members of a team',
    description: 'By the ids of the users. Deleted users are left out.',
    request: { params: teamPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(memberSchema), 'A page') },
  });
  routes.openapi(getMembers, async (c) => {
    const { team_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), 'user_id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    if ((await findTeam(identity, c.var.organization.id, team_id)) === null) return refuse(c, TEAM_NOT_FOUND);
    const rows = await listTeamMembers(identity, c.var.organization.id, team_id, asked.page.keyset);
    const keyOf = (row: TeamMemberUserRow) => [row.id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource: resourceOf }), 200);
  });

  const postMember = defineRoute({
    operationId: door.nameOf('addTeamMember'),
    tag,
    access: writer,
    method: 'post',
    idempotency: 'identity',
    path: all,
    summary: 'Make a user a member of a team',
    description:
      'Routers that name the team reach the user from now on. A repeat answers 200 and changes nothing. A user who is unknown in the organization is 400.',
    request: { params: teamPath, body: bodyOf(newMember) },
    answers: added,
  });
  routes.openapi(postMember, async (c) => {
    const { team_id } = c.req.valid('param');
    const { user_id } = c.req.valid('json');
    const identity = identityDatabase(c);
    if ((await findTeam(identity, c.var.organization.id, team_id)) === null) return refuse(c, TEAM_NOT_FOUND);
    nameTarget(c, { type: 'user', id: user_id });
    const put = await insertTeamMember(identity, c.var.organization.id, team_id, user_id, Date.now());
    if (put === null) return refuseField(c, 'user_id', 'Unknown user.');
    return c.json(resourceOf(put.member), put.isNew ? 201 : 200);
  });

  const getMember = defineRoute({
    operationId: door.nameOf('getTeamMember'),
    tag,
    access: door.reader,
    method: 'get',
    path: one,
    summary: 'Get a member of a team',
    description: 'A user of the organization who is no member is not found.',
    request: { params: memberPath },
    answers: { 200: jsonOf(memberSchema, 'The member') },
  });
  routes.openapi(getMember, async (c) => {
    const { team_id, user_id } = c.req.valid('param');
    const row = await findTeamMember(identityDatabase(c), c.var.organization.id, team_id, user_id);
    return row === null ? refuse(c, { reason: 'not_found' }) : c.json(resourceOf(row), 200);
  });

  const putMember = defineRoute({
    operationId: door.nameOf('putTeamMember'),
    tag,
    access: writer,
    method: 'put',
    path: one,
    summary: 'Make a user a member of a team',
    description:
      'The same as POST, with the user in the path: 201, or 200 for a member. A team or a user that the organization does not have is 404.',
    request: { params: memberPath },
    answers: added,
  });
  routes.openapi(putMember, async (c) => {
    const { team_id, user_id } = c.req.valid('param');
    const put = await insertTeamMember(identityDatabase(c), c.var.organization.id, team_id, user_id, Date.now());
    if (put === null) return refuse(c, { reason: 'not_found' });
    return c.json(resourceOf(put.member), put.isNew ? 201 : 200);
  });

  const removeMember = defineRoute({
    operationId: door.nameOf('deleteTeamMember'),
    tag,
    access: writer,
    method: 'delete',
    path: one,
    summary: 'Take a user out of a team',
    description:
      'Routers that name the team no longer reach the user; the chats that they have joined stay theirs. Repeating the call answers 404.',
    request: { params: memberPath },
    answers: { 204: { description: 'The user is no longer a member' } },
  });
  routes.openapi(removeMember, async (c) => {
    const { team_id, user_id } = c.req.valid('param');
    const isDeleted = await deleteTeamMember(identityDatabase(c), c.var.organization.id, team_id, user_id);
    return isDeleted ? c.body(null, 204) : refuse(c, { reason: 'not_found' });
  });

  return routes;
}

function resourceOf(row: TeamMemberUserRow) {
  return teamMemberResource({ team_id: row.team_id, user: userFacts(row), joined_at: row.joined_at });
}
