import { z } from '@hono/zod-openapi';
import {
  type CannedReplyPut,
  deleteCannedReply,
  findCannedReply,
  insertCannedReply,
  listCannedReplies,
  MOST_CANNED_REPLIES,
  type ReplyOwners,
  updateCannedReply,
} from '../../directory/canned-replies.ts';
import { findTeam } from '../../directory/teams.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, requireSomeField, textField, uuidField } from '../../http/fields.ts';
import { type Refusal, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { cannedReplyResource, VISIBILITIES } from '../../resources/canned-reply.ts';
import { newUuid } from '../../resources/uuid.ts';
import { audited, organizationUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { teamsOfCaller } from '../reach-cache.ts';
import { organizationPath } from '../shared/paths.ts';

const id = z.string().openapi({ format: 'uuid' });
const replySchema = z
  .object({
    id,
    visibility: z.enum(VISIBILITIES),
    team_id: id.nullable(),
    shortcut: z.string(),
    message: z.string(),
    updated_by_user_id: id,
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('CannedReply');

const SHORTCUT = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,49}$/u;

const texts = {
  shortcut: z
    .string()
    .toLowerCase()
    .refine((text) => SHORTCUT.test(text), 'Use 1 to 50 letters, digits, "_" and "-".')
    .openapi({ description: 'What is typed after `/`. Stored in lower case.', example: 'late' }),
  message: textField({ max: 10_000 }).openapi({
    description:
      'The hub keeps it as it is. Clients fill in what stands in double braces, such as `{{visitor_name}}`, `{{agent_name}}` and the names of the visitor’s variables.',
  }),
};
const newReply = z
  .object({
    ...texts,
    visibility: z.enum(VISIBILITIES).default('user'),
    team_id: uuidField().nullish().openapi({ description: 'Only with the visibility `team`, which needs it.' }),
  })
  .openapi('NewCannedReply');
const changes = z.object(texts).partial().superRefine(requireSomeField('message')).openapi('PatchCannedReply');

const ALL = '/orgs/{organization_id}/canned_replies';
const ONE = `${ALL}/{canned_reply_id}` as const;
const onePath = organizationPath.extend({ canned_reply_id: pathId('canned_reply_id') });
const readers = { tag: 'Canned replies', access: organizationUser };
const writers = { tag: 'Canned replies', access: audited(organizationUser) };

const NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Canned reply not found.' };
const NEEDS_SETTINGS: Refusal = { reason: 'scope_missing', scope: 'settings' };
const REFUSALS: { readonly [Reason in Extract<CannedReplyPut, { ok: false }>['reason']]: Refusal } = {
  taken: { reason: 'invalid', fields: { shortcut: ['There is a canned reply with this shortcut already.'] } },
  full: { reason: 'conflict', detail: `There are at most ${MOST_CANNED_REPLIES} canned replies.` },
  not_found: NOT_FOUND,
};
const WHO =
  'One’s own and those of one’s teams need no scope. With the scope `settings` one changes those of the organization and of each of its teams.';
const NO_TEAM = 'The user is no member of such a team.';

/**
 * Texts that agents insert by a shortcut (an extension). Everybody manages what they see, but for the organization's. Who
 * has the scope `settings` manages those too, and those of every team.
 */
export const cannedReplyRoutes = createRouter();

const listRoute = defineRoute({
  operationId: 'listCannedReplies',
  ...readers,
  method: 'get',
  path: ALL,
  summary: 'List the canned replies that the user sees',
  description:
    'Their own, those of their teams, and those of the organization; with `team_id` those of one team. Of a team of others that needs the scope `settings`.',
  request: {
    params: organizationPath,
    query: z.object({ ...collectionQuery, team_id: uuidField().optional() }),
  },
  answers: { 200: jsonOf(collectionSchema(replySchema), 'A page, oldest first') },
});
cannedReplyRoutes.openapi(listRoute, async (c) => {
  const asked = readIdPage(c.req.valid('query'));
  if (!asked.ok) return refuse(c, asked.refusal);
  const { team_id } = c.req.valid('query');
  if (team_id !== undefined && !(await mayUseTeam(c, team_id))) return refuseField(c, 'team_id', NO_TEAM);
  const owners = team_id === undefined ? (await ownersOf(c)).ids : [team_id];
  const { rows } = await listCannedReplies(identityDatabase(c), c.var.organization.id, owners, asked.page.keyset);
  return c.json(idCollection(c, asked.page, rows, cannedReplyResource), 200);
});

const createRoute = defineRoute({
  operationId: 'createCannedReply',
  ...writers,
  method: 'post',
  idempotency: 'identity',
  path: ALL,
  summary: 'Add a canned reply',
  description: `For the user alone (\`user\`), for the members of one of their teams (\`team\`; of any team of the organization with the scope \`settings\`), or for all users (\`organization\`, with the scope \`settings\`). Each of them has a shortcut once (400), and at most ${MOST_CANNED_REPLIES} replies (409).`,
  request: { params: organizationPath, body: bodyOf(newReply) },
  refusals: [409],
  answers: { 201: jsonOf(replySchema, 'Added') },
});
cannedReplyRoutes.openapi(createRoute, async (c) => {
  const { visibility, team_id = null, shortcut, message } = c.req.valid('json');
  const { user, organization, scopes } = c.var.principal;
  if ((visibility === 'team') !== (team_id !== null)) {
    return refuseField(c, 'team_id', 'The visibility `team` needs it, and no other one has it.');
  }
  if (visibility === 'organization' && !scopes.has('settings')) return refuse(c, NEEDS_SETTINGS);
  if (team_id !== null && !(await mayUseTeam(c, team_id))) return refuseField(c, 'team_id', NO_TEAM);
  const owner_id = team_id ?? (visibility === 'organization' ? organization.id : user.id);
  const now = Date.now();
  const made = { id: newUuid(now), visibility, owner_id, shortcut, message, updated_by_user_id: user.id };
  nameTarget(c, { type: 'canned_reply', id: made.id });
  const put = await insertCannedReply(identityDatabase(c), organization.id, { ...made, created_at: now });
  return put.ok ? c.json(cannedReplyResource(put.reply), 201) : refuse(c, REFUSALS[put.reason]);
});

const getRoute = defineRoute({
  operationId: 'getCannedReply',
  ...readers,
  method: 'get',
  path: ONE,
  summary: 'Get a canned reply',
  description: 'One that the user does not see is not found.',
  request: { params: onePath },
  answers: { 200: jsonOf(replySchema, 'The canned reply') },
});
cannedReplyRoutes.openapi(getRoute, async (c) => {
  const { canned_reply_id } = c.req.valid('param');
  const owners = await ownersOf(c);
  const row = await findCannedReply(identityDatabase(c), c.var.organization.id, owners, canned_reply_id);
  return row === null ? refuse(c, NOT_FOUND) : c.json(cannedReplyResource(row), 200);
});

const patchRoute = defineRoute({
  operationId: 'updateCannedReply',
  ...writers,
  method: 'patch',
  path: ONE,
  summary: 'Change a canned reply',
  description: `A field that is left out stays. Whose it is does not change. ${WHO}`,
  request: { params: onePath, body: bodyOf(changes) },
  answers: { 200: jsonOf(replySchema, 'Changed') },
});
cannedReplyRoutes.openapi(patchRoute, async (c) => {
  const { canned_reply_id } = c.req.valid('param');
  const { user } = c.var.principal;
  const allowed = await ownersToChange(c, canned_reply_id);
  if ('refusal' in allowed) return refuse(c, allowed.refusal);
  const by = { user_id: user.id, now: Date.now() };
  const identity = identityDatabase(c);
  const fields = c.req.valid('json');
  const put = await updateCannedReply(identity, c.var.organization.id, allowed.owners, canned_reply_id, fields, by);
  return put.ok ? c.json(cannedReplyResource(put.reply), 200) : refuse(c, REFUSALS[put.reason]);
});

const deleteRoute = defineRoute({
  operationId: 'deleteCannedReply',
  ...writers,
  method: 'delete',
  path: ONE,
  summary: 'Delete a canned reply',
  description: `Messages that were sent with its text stay. Repeating the call answers 404. ${WHO}`,
  request: { params: onePath },
  answers: { 204: { description: 'Deleted' } },
});
cannedReplyRoutes.openapi(deleteRoute, async (c) => {
  const { canned_reply_id } = c.req.valid('param');
  const allowed = await ownersToChange(c, canned_reply_id);
  if ('refusal' in allowed) return refuse(c, allowed.refusal);
  const identity = identityDatabase(c);
  const isDeleted = await deleteCannedReply(identity, c.var.organization.id, allowed.owners, canned_reply_id);
  return isDeleted ? c.body(null, 204) : refuse(c, NOT_FOUND);
});

/** Whether the replies of a team are the caller's to see and to change: as a member, or with the scope `settings`. */
async function mayUseTeam(c: AppContext, teamId: string): Promise<boolean> {
  if ((await teamsOfCaller(c)).includes(teamId)) return true;
  const { organization, scopes } = c.var.principal;
  return scopes.has('settings') && (await findTeam(identityDatabase(c), organization.id, teamId)) !== null;
}

/** Whose replies the caller sees. */
async function ownersOf(c: AppContext): Promise<ReplyOwners> {
  const { user, organization, scopes } = c.var.principal;
  const ids = [user.id, ...(await teamsOfCaller(c)), organization.id];
  return { ids, everyTeam: scopes.has('settings') };
}

/** Whose replies the caller may change; the refusal of one that they only see. */
async function ownersToChange(c: AppContext, id: string): Promise<{ owners: ReplyOwners } | { refusal: Refusal }> {
  const { organization, scopes } = c.var.principal;
  const owners = await ownersOf(c);
  if (scopes.has('settings')) return { owners };
  const row = await findCannedReply(identityDatabase(c), organization.id, owners, id);
  if (row?.visibility === 'organization') return { refusal: NEEDS_SETTINGS };
  return { owners: { ...owners, ids: owners.ids.filter((owner) => owner !== organization.id) } };
}
