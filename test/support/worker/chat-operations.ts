import { runInDurableObject } from 'cloudflare:test';
import { chatsRoutes } from '../../../src/api/chats/routes.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { ask, enrollAgent, resultsOf, type TestOrganization, unique } from './organization.ts';
import { type Person, testEnv } from './requests.ts';

/** `hasBody`: whether it reads a body. */
export type Operation = { method: string; path: string; hasBody: boolean };

const document = chatsRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });

/** Every operation of the Chats API, as the OpenAPI document names it. */
export const OPERATIONS: Operation[] = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.entries(operations as Record<string, { requestBody?: object }>).map(([method, { requestBody }]) => ({
    method: method.toUpperCase(),
    path,
    hasBody: requestBody !== undefined,
  })),
);

export type Names = { [parameter: string]: string };

/** The path of an operation under /api/v5 with values for its parameters. Throws when one is missing. */
export function addressOf({ path }: Pick<Operation, 'path'>, names: Names): string {
  return `/api/v5${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`no ${name} for ${path}`);
    return encodeURIComponent(value);
  })}`;
}

/**
 * A valid body for an operation that has one, so that a refusal has another reason. `userId`: a user of the caller's
 * organization.
 */
export function bodyFor({ method, path }: Omit<Operation, 'hasBody'>, userId: string): { body?: unknown } {
  if (method === 'GET' || method === 'DELETE') return {};
  const last =
    path
      .replace(/\/\{\w+\}$/, '')
      .split('/')
      .at(-1) ?? '';
  const body = BODIES[last];
  if (body === undefined) throw new Error(`no body for ${path}`);
  return { body: path.startsWith('/orgs') && last === 'memberships' ? { ...body, member_id: userId } : body };
}

const MEMBERSHIP = { is_participating: true, composing_status: 'idle' };
const BODIES: { [collection: string]: object } = {
  chats: { is_ended: true },
  owned_chats: { is_ended: true },
  memberships: MEMBERSHIP,
  chat_memberships: MEMBERSHIP,
  messages: { message: 'x' },
  redeliver: {},
  draft: { message: 'x' },
  view: {},
  notes: { message: 'x' },
  tags: { name: 'x' },
  reply_suggestions: { suggestion: 'x' },
  outgoing_chat_invitations: { is_expired: true, invited_user_id: '0190a000-0000-7000-8000-00000000beef' },
  incoming_chat_invitations: { is_accepted: true },
  chat_conversation_starters: { language_code: 'en', message: 'x' },
};

/**
 * A chat of an organization with one of every part, and the values of the path parameters. The person is a member, has
 * sent an invitation and has received one.
 */
export async function fill(org: TestOrganization, person: Person): Promise<Names> {
  const { chatId, ids } = await org.say(unique('thread'), 'Where is my order?');
  await org.join(person, chatId);
  const own = `/users/${person.user_id}/chats/${chatId}`;
  const suggestion = await org.suggest(chatId, ids[0] ?? '');
  await ask(person, 'POST', `${own}/tags`, { name: 'Lead' });
  await ask(person, 'PUT', `${own}/draft`, { message: 'Dear Li' });
  const note = await ask(person, 'POST', `${own}/notes`, { message: 'Called before' });
  const invitee = await enrollAgent(org.organizationId);
  const mentioning = { message: 'Look', mentioned_user_ids: [person.user_id] };
  await ask(invitee, 'POST', `/users/${invitee.user_id}/routed_chats/${chatId}/notes`, mentioning);
  const invited = { invited_user_id: invitee.user_id };
  const sent = await ask(person, 'POST', `${own}/outgoing_chat_invitations`, invited);
  const [visitor] = await org.memberships(chatId);
  return {
    organization_id: org.organizationId,
    user_id: person.user_id,
    room_id: org.gateway.roomId,
    visitor_id: String(visitor?.['member_id']),
    chat_id: chatId,
    other_chat_id: chatId,
    message_id: ids[0] ?? '',
    reply_suggestion_id: suggestion,
    note_id: String(note.json['id']),
    tag_name: 'Lead',
    member_id: person.user_id,
    invitation_id: String(sent.json['id']),
    language_code: 'en',
  };
}

/** All parts of a chat that a stranger could change, as its thread has them. */
export async function everythingOf(org: TestOrganization, chatId: string): Promise<unknown[]> {
  const path = `${org.organizationPath}/owned_chats/${chatId}`;
  const parts = ['memberships', 'messages?page_size=200', 'tags'];
  const lists = await Promise.all(parts.map((part) => ask(org.reporter, 'GET', `${path}/${part}`)));
  return [await lastSeqOf(chatId), await org.chat(chatId), ...lists.map(resultsOf)];
}

/** The length of the log of a chat's thread. Every write increases it. */
function lastSeqOf(chatId: string): Promise<unknown> {
  const thread = testEnv.THREADS.getByName(threadNameOfChat(chatId) ?? '');
  return runInDurableObject(thread, (_, { storage }) => storage.sql.exec('SELECT max(seq) AS seq FROM events').one());
}
