import { z } from '@hono/zod-openapi';
import { deleteNote, insertNote, listNotes, MOST_NOTES } from '../../chats/notes.ts';
import { findUsers } from '../../directory/users.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { type Note, noteResource } from '../../resources/note.ts';
import { fullName } from '../../resources/user.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { type ChatPath, chatParams, queryChat, routeIn, storingIn } from './in-scope.ts';
import { mentionable, tellMentioned } from './mentions.ts';
import type { ChatScope } from './scopes.ts';

const id = z.string().openapi({ format: 'uuid' });
const mentioned_users = z
  .array(z.object({ id, name: z.string() }))
  .openapi({ description: 'Whom the note mentions, by their names of that time.' });
const noteSchema = z
  .object({
    id,
    chat_id: id,
    user_id: id,
    user_name: z.string(),
    message: z.string(),
    mentioned_users,
    created_at: isoTimeSchema,
  })
  .openapi('Note');
/** Most users whom a note mentions. */
const MOST_MENTIONED = 20;
const newNote = z
  .object({
    message: textField({ max: 10_000 }),
    mentioned_user_ids: z.array(uuidField()).max(MOST_MENTIONED).default([]),
  })
  .openapi('NewNote');

const NOT_FOUND: Refusal = { reason: 'not_found', detail: 'The user has written no such note.' };
const FULL: Refusal = { reason: 'conflict', detail: `A chat has at most ${MOST_NOTES} notes.` };
/** The hub never stores a readable text of such a chat. */
const ENCRYPTED: Refusal = { reason: 'conflict', detail: 'The chat is encrypted: it has no notes.' };
const PURGED: Refusal = { reason: 'conflict', detail: 'The chat has ended and was purged.' };

/** `userIds`: who is no other person of the organization, or does not see the chat. */
function notMentionable(userIds: readonly string[]): Refusal {
  const message = `A note about this chat cannot mention ${userIds.join(', ')}.`;
  return { reason: 'invalid', fields: { mentioned_user_ids: [message] } };
}

/**
 * …/<chat_id>/notes of a scope (an extension). Only users of the organization of who has written them see them: no visitor, no
 * webhook and no other interface.
 */
export function noteRoutes(scope: ChatScope) {
  const tag = 'Notes';
  const request = { params: chatParams(scope) };
  const listRoute = defineRoute({
    operationId: `list${scope.name}Notes`,
    ...routeIn(scope, '/{chat_id}/notes'),
    method: 'get',
    tag,
    summary: `List the notes about ${scope.chat}`,
    description:
      'Those that users of the caller’s organization have written; a partner has its own. Who reads the chat’s messages from a time on reads its notes from then on.',
    request: { ...request, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(noteSchema), 'A page, oldest first') },
  });
  const createRoute = defineRoute({
    operationId: `create${scope.name}Note`,
    ...storingIn(scope, '/{chat_id}/notes'),
    method: 'post',
    tag,
    idempotency: 'organization',
    summary: `Write a note about ${scope.chat}`,
    description: `For the users of one’s own organization. It is no message: no visitor, partner, webhook or other interface gets it, and it changes nothing of the chat. Sockets are told under \`…/<chat>/notes\`. Those whom it mentions, of \`mentionable_users\`, have \`mention\` in the chat’s row of their inbox until they open the chat; their sockets are told under \`/users/<user>/mentions\`. A purge of the chat deletes it. More than ${MOST_NOTES} are 409, and so is a chat that is encrypted, or has ended and was purged.`,
    request: { ...request, body: bodyOf(newNote) },
    refusals: [409],
    answers: { 201: jsonOf(noteSchema, 'The note') },
  });
  const deleteRoute = defineRoute({
    operationId: `delete${scope.name}Note`,
    ...routeIn(scope, '/{chat_id}/notes/{note_id}'),
    method: 'delete',
    tag,
    summary: `Delete one’s own note about ${scope.chat}`,
    description: 'A note of somebody else is 404, and so is a repeat.',
    request: { params: chatParams(scope, { note_id: pathId('note_id') }) },
    answers: { 204: { description: 'Deleted' } },
  });
  const router = createRouter();

  router.openapi(listRoute, async (c) => {
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const read = await queryChat(c, scope, c.req.valid('param'), { type: 'read_rights' });
    if (!read.ok) return read.refused;
    const { chat, since } = read.answer;
    const { id: organizationId } = c.var.principal.organization;
    const rows = await listNotes(organizationDatabase(c), organizationId, chat.id, since ?? 0, asked.page.keyset);
    return c.json(idCollection(c, asked.page, rows, noteResource), 200);
  });

  router.openapi(createRoute, async (c) => {
    const path = c.req.valid('param');
    const { message, mentioned_user_ids } = c.req.valid('json');
    const read = await queryChat(c, scope, path, { type: 'read_members' });
    if (!read.ok) return read.refused;
    const { chat } = read.answer;
    if (chat.encryption !== undefined) return refuse(c, ENCRYPTED);
    if (chat.purged_at !== undefined) return refuse(c, PURGED);
    const { user, organization } = c.var.principal;
    const users =
      mentioned_user_ids.length === 0 ? [] : await findUsers(identityDatabase(c), organization.id, mentioned_user_ids);
    const seeing = await mentionable(c, read.answer, users);
    const mentioned = seeing.map((row) => ({ id: row.id, name: fullName(row) }));
    const unknown = mentioned_user_ids.filter((each) => !mentioned.some(({ id }) => id === each));
    if (unknown.length > 0) return refuse(c, notMentionable(unknown));
    const now = Date.now();
    const by = { user_id: user.id, user_name: fullName(user), created_at: now };
    const note = { id: newUuid(now), chat_id: chat.id, message, mentioned, ...by };
    const written = await insertNote(organizationDatabase(c), { ...note, organization_id: organization.id });
    if (written !== 'added') return refuse(c, written === 'full' ? FULL : PURGED);
    tellSockets(c, scope, path, { id: note.id, note });
    const mention = { chat_id: chat.id, note_id: note.id, created_at: now };
    tellMentioned(
      c,
      mentioned.map(({ id }) => id),
      chat.id,
      mention,
    );
    return c.json(noteResource(note), 201);
  });

  router.openapi(deleteRoute, async (c) => {
    const { note_id, ...path } = c.req.valid('param');
    const read = await queryChat(c, scope, path, { type: 'read_rights' });
    if (!read.ok) return read.refused;
    const { user, organization } = c.var.principal;
    const written = { chat_id: read.answer.chat.id, id: note_id, user_id: user.id };
    const mentioned = await deleteNote(organizationDatabase(c), organization.id, written);
    if (mentioned === null) return refuse(c, NOT_FOUND);
    tellMentioned(c, mentioned, written.chat_id, null);
    tellSockets(c, scope, path, { id: note_id, note: null });
    return c.body(null, 204);
  });

  return router;
}

/** The chat's thread knows who sees it. It tells the organization's own hub, at most once, and stores nothing. */
function tellSockets(c: AppContext, scope: ChatScope, path: ChatPath, told: { id: string; note: Note | null }): void {
  const organization_id = c.var.principal.organization.id;
  const telling = queryChat(c, scope, path, { type: 'tell_note', organization_id, ...told });
  c.executionCtx.waitUntil(
    telling.catch((error: unknown) => writeLog('warn', 'note_not_told', { error: errorText(error) })),
  );
}
