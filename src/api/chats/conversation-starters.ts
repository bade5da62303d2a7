import { z } from '@hono/zod-openapi';
import {
  type ConversationStarterChanges,
  deleteConversationStarter,
  findConversationStarter,
  insertConversationStarter,
  listConversationStarters,
  updateConversationStarter,
} from '../../directory/conversation-starters.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, requireSomeField, textField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { type ConversationStarter, conversationStarterResource } from '../../resources/conversation-starter.ts';
import { ownUser } from '../access.ts';
import { defineRoute, VERBS } from '../define-route.ts';

const ALL = '/users/{user_id}/chat_conversation_starters';
const ONE = `${ALL}/{language_code}` as const;
const common = { tag: 'Conversation starters', access: ownUser };

const NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Conversation starter not found.' };
const LANGUAGE_TAKEN: Refusal = {
  reason: 'invalid',
  fields: { language_code: ['The user already has a conversation starter with this language code.'] },
};

const userPath = z.object({ user_id: pathId('user_id') });
const starterPath = userPath.extend({ language_code: z.string() });

/** RFC 3066: a primary tag of letters, then any number of subtags of letters and digits, of 1 to 8 characters each. */
const LANGUAGE_TAG = /^[a-z]{1,8}(-[a-z0-9]{1,8})*$/i;

const wholeStarter = z
  .object({
    language_code: textField({ max: 255 })
      .refine((text) => LANGUAGE_TAG.test(text), 'Enter a valid RFC 3066 language code.')
      .openapi({ example: 'en' }),
    message: textField({ max: 2000 }),
  })
  .openapi('NewConversationStarter');

const someOfStarter = wholeStarter
  .partial()
  .superRefine(requireSomeField('message'))
  .openapi('PatchConversationStarter');

const starterSchema = z
  .object({
    language_code: z.string(),
    message: z.string(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('ConversationStarter');

const getStarters = defineRoute({
  operationId: 'listConversationStarters',
  ...common,
  method: 'get',
  path: ALL,
  summary: 'List chat conversation starters for user',
  description: 'The words with which the user opens conversations, one text for each language.',
  request: { params: userPath, query: z.object(collectionQuery) },
  answers: {
    200: jsonOf(collectionSchema(starterSchema), 'Conversation starters, oldest first'),
  },
});

const addStarter = defineRoute({
  operationId: 'createConversationStarter',
  ...common,
  method: 'post',
  idempotency: 'identity',
  path: ALL,
  summary: 'Add a chat conversation starter for user',
  description:
    'One for each language, whatever the case of its code: a second one is 400, and so is a repeat. The hub keeps the text for clients and sends nothing by itself.',
  request: { params: userPath, body: bodyOf(wholeStarter) },
  answers: { 201: jsonOf(starterSchema, 'Added') },
});

const getStarter = defineRoute({
  operationId: 'getConversationStarter',
  ...common,
  method: 'get',
  path: ONE,
  summary: 'Get a chat conversation starter',
  description: 'The case of the language code does not matter. A language without a starter is not found.',
  request: { params: starterPath },
  answers: { 200: jsonOf(starterSchema, 'The starter') },
});

const removeStarter = defineRoute({
  operationId: 'deleteConversationStarter',
  ...common,
  method: 'delete',
  path: ONE,
  summary: 'Remove a chat conversation starter from user',
  description: 'Messages that were sent with its text stay. Repeating the call answers 404.',
  request: { params: starterPath },
  answers: { 204: { description: 'Removed' } },
});

/**
 * …/chat_conversation_starters (Chats API). A user has at most one starter for each language code, compared without
 * case.
 */
export const conversationStarterRoutes = createRouter();

conversationStarterRoutes.openapi(getStarters, async (c) => {
  const { user_id } = c.req.valid('param');
  const asked = readPage(c.req.valid('query'), 'created_at', creationKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { organization } = c.var.principal;
  const rows = await listConversationStarters(identityDatabase(c), organization.id, user_id, asked.page.keyset);
  const keyOf = (starter: ConversationStarter) => [starter.created_at, starter.language_code];
  const parts = { page: asked.page, rows, keyOf, resource: conversationStarterResource };
  return c.json(collectionResponse(c, parts), 200);
});

conversationStarterRoutes.openapi(addStarter, async (c) => {
  const { user_id } = c.req.valid('param');
  const starter = { ...c.req.valid('json'), user_id, created_at: Date.now() };
  const row = await insertConversationStarter(identityDatabase(c), c.var.principal.organization.id, starter);
  return row === null ? refuse(c, LANGUAGE_TAKEN) : c.json(conversationStarterResource(row), 201);
});

conversationStarterRoutes.openapi(getStarter, async (c) => {
  const { user_id, language_code } = c.req.valid('param');
  const { organization } = c.var.principal;
  const row = await findConversationStarter(identityDatabase(c), organization.id, user_id, language_code);
  return row === null ? refuse(c, NOT_FOUND) : c.json(conversationStarterResource(row), 200);
});

const ITS_LANGUAGE =
  'The path names the language as it was; the body may name another one, which is 400 when the user has a starter for it.';
const CHANGES = [
  {
    method: 'put',
    summary: 'Update a chat conversation starter',
    description: `Language and text are required. ${ITS_LANGUAGE}`,
    body: wholeStarter,
  },
  {
    method: 'patch',
    summary: 'Update a chat conversation starter partly',
    description: `A field that is left out stays; a body with neither is 400. ${ITS_LANGUAGE}`,
    body: someOfStarter,
  },
] as const;
for (const { method, body, ...texts } of CHANGES) {
  const changeRoute = defineRoute({
    operationId: `${VERBS[method]}ConversationStarter`,
    ...common,
    method,
    path: ONE,
    ...texts,
    request: { params: starterPath, body: bodyOf(body) },
    answers: { 200: jsonOf(starterSchema, 'Changed') },
  });
  conversationStarterRoutes.openapi(changeRoute, async (c) => {
    const changed = await changeStarter(c, c.req.valid('param'), c.req.valid('json'));
    return changed.ok ? c.json(conversationStarterResource(changed.starter), 200) : refuse(c, changed.refusal);
  });
}

conversationStarterRoutes.openapi(removeStarter, async (c) => {
  const { user_id, language_code } = c.req.valid('param');
  const { organization } = c.var.principal;
  const isDeleted = await deleteConversationStarter(identityDatabase(c), organization.id, user_id, language_code);
  return isDeleted ? c.body(null, 204) : refuse(c, NOT_FOUND);
});

async function changeStarter(
  c: AppContext,
  { user_id, language_code }: z.infer<typeof starterPath>,
  changes: ConversationStarterChanges,
): Promise<{ ok: true; starter: ConversationStarter } | { ok: false; refusal: Refusal }> {
  const identity = identityDatabase(c);
  const { organization } = c.var.principal;
  const result = await updateConversationStarter(
    identity,
    organization.id,
    user_id,
    language_code,
    changes,
    Date.now(),
  );
  if (result.ok) return result;
  return { ok: false, refusal: result.reason === 'not_found' ? NOT_FOUND : LANGUAGE_TAKEN };
}
