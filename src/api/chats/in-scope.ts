import { z } from '@hono/zod-openapi';
import type { AnswerOf, Command, CommandHeader } from '../../domain/commands.ts';
import type { Query, ReadingOf } from '../../domain/queries.ts';
import type { Result, ThreadRefusal } from '../../domain/refusals.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { pathId } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import type { ChatGrant } from '../../resources/chat-grant.ts';
import { queryThread } from '../../rpc/thread.ts';
import { storing } from '../access.ts';
import { type Reached, reachChat } from '../reach-chat.ts';
import { refuseThread } from '../refuse-thread.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import { type ChatScope, type Granted, type PathField, type PathValues, userChats } from './scopes.ts';

/** The values of a path that names a chat. */
export type ChatPath = PathValues & { chat_id: string };

type GrantedCommand = Extract<Command, { chat_id: string; grant: unknown }>;
type ActorCommand = Exclude<Extract<Command, { chat_id: string }>, { grant: unknown }>;
/** The fields of a command or query that a route gives. The other fields are the same for all routes. */
type Wanted<Whole extends { type: string }, Type extends Whole['type'], Head extends string> = Whole extends {
  type: Type;
}
  ? Omit<Whole, Head>
  : never;
type OfType<Whole, Type> = Extract<Whole, { type: Type }>;

const CHAT_NOT_FOUND = { reason: 'chat_not_found' } as const;

/** Path and access of a route below a scope's collection. */
export function routeIn(scope: ChatScope, below = '') {
  return { path: `${scope.path}${below}`, access: scope.access };
}

/** The same for a route that stores messages or chats. */
export function storingIn(scope: ChatScope, below = '') {
  return { path: `${scope.path}${below}`, access: storing(scope.access) };
}

/** The parameters of a scope's path. */
export function collectionParams(scope: ChatScope) {
  return z.object({ ...scope.params });
}

/**
 * The parameters of a path to a chat of a scope. `more`: further parameters below the chat. The scope's own parameters
 * are there too, but only its grant reads them.
 */
export function chatParams(scope: ChatScope): z.ZodObject<{ chat_id: PathField }>;
export function chatParams<Name extends string>(
  scope: ChatScope,
  more: { [name in Name]: PathField },
): z.ZodObject<{ [name in Name | 'chat_id']: PathField }>;
export function chatParams(scope: ChatScope, more: { [name: string]: PathField } = {}) {
  return z.object({ ...scope.params, chat_id: pathId('chat_id'), ...more });
}

/** Queries the thread of a chat under the scope's grant. Answers a refusal of the scope or the thread as a response. */
export async function queryChat<Type extends Query['type']>(
  c: AppContext,
  scope: ChatScope,
  path: ChatPath,
  query: { type: Type } & Wanted<Query, Type, 'v' | 'chat_id' | 'grant'>,
): Promise<Reached<ReadingOf<OfType<Query, Type>>>> {
  const granted = await scope.findGrant(c, path);
  if (!granted.ok) return { ok: false, refused: refuse(c, granted.refusal) };
  const call = (thread: string) =>
    withRoomsIfNeeded(granted, (grant) => {
      const whole = { ...query, v: 1, chat_id: path.chat_id, grant } as unknown as OfType<Query, Type>;
      return queryThread(c.env, c.var.cost, thread, whole);
    });
  return await reachChat(path.chat_id, call, refusedIn(c, scope));
}

/**
 * Sends a command to the thread of a chat under the scope's grant. Answers a refusal of the scope or the thread as a
 * response.
 */
export async function commandToChat<Type extends GrantedCommand['type']>(
  c: AppContext,
  scope: ChatScope,
  path: ChatPath,
  command: { type: Type } & Wanted<GrantedCommand, Type, keyof CommandHeader | 'chat_id' | 'grant'>,
): Promise<Reached<AnswerOf<OfType<GrantedCommand, Type>>>> {
  const granted = await scope.findGrant(c, path);
  if (!granted.ok) return { ok: false, refused: refuse(c, granted.refusal) };
  const call = (thread: string) =>
    withRoomsIfNeeded(granted, (grant) => {
      const head = { ...commandHead(c), chat_id: path.chat_id, grant };
      const whole = { ...command, ...head } as unknown as OfType<GrantedCommand, Type>;
      return sendCommand(c, thread, whole);
    });
  return await reachChat(path.chat_id, call, refusedIn(c, scope));
}

/** Asks a thread, and once more with the caller's rooms when it needs them: who takes part spares that look-up. */
async function withRoomsIfNeeded<Answer>(
  { grant, withRooms }: Extract<Granted, { ok: true }>,
  ask: (grant: ChatGrant) => Promise<Result<Answer>>,
): Promise<Result<Answer>> {
  const result = await ask(grant);
  const needsRooms = !result.ok && result.refusal.reason === 'rooms_needed';
  return needsRooms && withRooms !== undefined ? await ask(await withRooms()) : result;
}

/** Sends a command that needs no grant: the chat's thread allows it to members or invited users by their ids. */
export async function commandOfActor<Type extends ActorCommand['type']>(
  c: AppContext,
  chatId: string,
  command: { type: Type } & Wanted<ActorCommand, Type, keyof CommandHeader | 'chat_id'>,
): Promise<Reached<AnswerOf<OfType<ActorCommand, Type>>>> {
  const member = await userChats.findGrant(c, {});
  if (!member.ok) return { ok: false, refused: refuse(c, member.refusal) };
  const call = (thread: string) =>
    withRoomsIfNeeded(member, (grant) => {
      const rooms = grant.kind === 'member' ? grant.rooms : undefined;
      const head = { ...commandHead(c), chat_id: chatId, rooms };
      const whole = { ...command, ...head } as unknown as OfType<ActorCommand, Type>;
      return sendCommand(c, thread, whole);
    });
  return await reachChat(chatId, call, refusedIn(c, null));
}

/** The response to a refusal of a thread, as the scope words it. */
function refusedIn(c: AppContext, scope: ChatScope | null) {
  return (refusal: ThreadRefusal) => refuseThread(c, worded(refusal, scope));
}

/** Only some scopes say that a chat is not routed. Elsewhere it is not found. */
function worded(refusal: ThreadRefusal, scope: ChatScope | null): ThreadRefusal {
  return refusal.reason === 'not_routed' && scope?.namesRouting !== true ? CHAT_NOT_FOUND : refusal;
}
