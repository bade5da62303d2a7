import { z } from '@hono/zod-openapi';
import { DRAFTS_KEPT, deleteDraft, findDraft, listDrafts, putDraft } from '../../chats/drafts.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { USER_MESSAGE_BODY } from '../../http/body-limits.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { pathId, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { draftNotification, ownUpdate } from '../../notifications/own-updates.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { type DraftFacts, draftResource } from '../../resources/draft.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../../resources/message.ts';
import { liveHubStub, organizationHub } from '../../rpc/live-hub.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { draftSchema } from '../shared/draft-schema.ts';
import { chatParams, queryChat, routeIn } from './in-scope.ts';
import type { ChatScope } from './scopes.ts';

const NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Draft not found.' };
/** The hub never stores a readable text of such a chat. */
const ENCRYPTED: Refusal = { reason: 'conflict', detail: 'The chat is encrypted: it has no drafts.' };
const PURGED: Refusal = { reason: 'conflict', detail: 'The chat has ended and was purged.' };
const DAYS_KEPT = DRAFTS_KEPT / (24 * 3_600_000);

const newDraft = z.object({ message: textField({ max: CHANNEL_MESSAGE_CHARACTERS }) }).openapi('PutDraft');

const listRoute = defineRoute({
  operationId: 'listDrafts',
  method: 'get',
  path: '/users/{user_id}/drafts',
  tag: 'Chat messages',
  access: ownUser,
  summary: 'List the drafts of the user',
  description: 'What the user has begun to write, one text for each chat. The chat’s draft shows the same.',
  request: { params: z.object({ user_id: pathId('user_id') }), query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(draftSchema), 'A page, newest chat first') },
});

/** GET /users/<user_id>/drafts (an extension). */
export const draftListRoutes = createRouter();

draftListRoutes.openapi(listRoute, async (c) => {
  const asked = readPage(c.req.valid('query'), 'chat_id', idKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { user, organization } = c.var.principal;
  const rows = await listDrafts(organizationDatabase(c), organization.id, user.id, asked.page.keyset);
  const parts = { page: asked.page, rows, keyOf: (draft: DraftFacts) => [draft.chat_id], resource: draftResource };
  return c.json(collectionResponse(c, parts), 200);
});

/** …/<chat_id>/draft of a scope (an extension): the same draft in each collection that has the chat. */
export function draftRoutes(scope: ChatScope) {
  const common = { ...routeIn(scope, '/{chat_id}/draft'), tag: 'Chat messages' };
  const request = { params: chatParams(scope) };
  const getRoute = defineRoute({
    operationId: `get${scope.name}Draft`,
    ...common,
    method: 'get',
    summary: `Retrieve the draft of the user in ${scope.chat}`,
    description: 'The text that the user has begun to write on any of their devices. Nobody else sees it.',
    request,
    answers: { 200: jsonOf(draftSchema, 'The draft') },
  });
  const putRoute = defineRoute({
    operationId: `put${scope.name}Draft`,
    ...common,
    method: 'put',
    bodyLimit: USER_MESSAGE_BODY,
    summary: `Store the draft of the user in ${scope.chat}`,
    description: `Takes the place of the text before; of two devices the later one counts. The user’s own sockets are told. Sending a message leaves it: delete it then. It goes with a purge of the chat, and ${DAYS_KEPT} days after its last change. A chat that is encrypted, or has ended and was purged, has none: 409.`,
    request: { ...request, body: bodyOf(newDraft) },
    refusals: [409],
    answers: { 200: jsonOf(draftSchema, 'The draft') },
  });
  const deleteRoute = defineRoute({
    operationId: `delete${scope.name}Draft`,
    ...common,
    method: 'delete',
    summary: `Delete the draft of the user in ${scope.chat}`,
    description: 'The user’s own sockets are told. Repeating the call answers 404.',
    request,
    answers: { 204: { description: 'Deleted' } },
  });
  const router = createRouter();

  router.openapi(getRoute, async (c) => {
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    if (!read.ok) return read.refused;
    const { user, organization } = c.var.principal;
    const row = await findDraft(organizationDatabase(c), organization.id, user.id, read.answer.chat.id);
    return row === null ? refuse(c, NOT_FOUND) : c.json(draftResource(row), 200);
  });

  router.openapi(putRoute, async (c) => {
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    if (!read.ok) return read.refused;
    const { id: chat_id, encryption, purged_at } = read.answer.chat;
    if (encryption !== undefined) return refuse(c, ENCRYPTED);
    if (purged_at !== undefined) return refuse(c, PURGED);
    const draft = { chat_id, message: c.req.valid('json').message, updated_at: Date.now() };
    const { user, organization } = c.var.principal;
    const row = { ...draft, user_id: user.id, organization_id: organization.id };
    if (!(await putDraft(organizationDatabase(c), row))) return refuse(c, PURGED);
    tellOwnSockets(c, chat_id, draft);
    return c.json(draftResource(draft), 200);
  });

  router.openapi(deleteRoute, async (c) => {
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_chat' });
    if (!read.ok) return read.refused;
    const { id: chatId } = read.answer.chat;
    const { user, organization } = c.var.principal;
    if (!(await deleteDraft(organizationDatabase(c), organization.id, user.id, chatId))) return refuse(c, NOT_FOUND);
    tellOwnSockets(c, chatId, null);
    return c.body(null, 204);
  });

  return router;
}

/** Tells the user's sockets after the answer, at most once: a client that was away reads the list. */
function tellOwnSockets(c: AppContext, chatId: string, draft: DraftFacts | null): void {
  const { user } = c.var.principal;
  const hub = organizationHub(user.organization_id);
  const told = ownUpdate(
    user.organization_id,
    [user.id],
    chatId,
    [draftNotification(user.id, chatId, draft)],
    Date.now(),
  );
  const telling = liveHubStub(c.env, hub).mention({ v: 1, hub, told });
  c.executionCtx.waitUntil(
    telling.catch((error: unknown) => writeLog('warn', 'draft_not_told', { error: errorText(error) })),
  );
}
