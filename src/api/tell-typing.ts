import { withApiKey } from '../delivery/api-key.ts';
import { timesOf } from '../delivery/attempt-times.ts';
import { consumerDeps } from '../delivery/consumer-deps.ts';
import { threadNameOfChat } from '../domain/address.ts';
import type { AppContext } from '../http/app-environment.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { ChatFacts } from '../resources/chat.ts';
import { channelReceiver } from '../resources/receiver.ts';
import { sessionIdOf } from '../resources/rpc-ids.ts';
import { newUuid } from '../resources/uuid.ts';
import { queryThread } from '../rpc/thread.ts';
import { findCachedInterface } from './interface-channel.ts';

/** Clients repeat that their user types; a gateway is told at most once in this time (ms) by an isolate. */
const REPEATED_AFTER = 10_000;
const MOST_CHATS = 10_000;
const told = new Map<string, number>();

/**
 * Tells the gateway of JSON-RPC that a user types in one of its sessions, after the answer and at most once: typing is in no
 * log. It costs nothing for chats that cannot be a session.
 */
export function tellTyping(c: AppContext, chat: ChatFacts): void {
  const sessionid = sessionIdOf(chat.id);
  const now = Date.now();
  const isOwn = chat.organization_id === c.var.organization.id && chat.chat_type === 'external';
  if (sessionid === null || !isOwn || now - (told.get(chat.id) ?? 0) < REPEATED_AFTER) return;
  if (told.size >= MOST_CHATS) told.clear();
  told.set(chat.id, now);
  const telling = tell(c, chat.id, sessionid).catch((error: unknown) => {
    writeLog('warn', 'typing_not_told', { chat_id: chat.id, error: errorText(error) });
  });
  c.executionCtx.waitUntil(telling);
}

async function tell(c: AppContext, chatId: string, sessionid: string): Promise<void> {
  const found = await findCachedInterface(c, 'rpc');
  if (found === null || found.channel.reply_webhook_url === '') return;
  const { id: channel_id, organization_id } = found.channel;
  const query = { v: 1, type: 'read_source', chat_id: chatId, channel_id } as const;
  const read = await queryThread(c.env, c.var.cost, threadNameOfChat(chatId) ?? '', query);
  if (!read.ok) return;
  const receiver = channelReceiver(channel_id);
  const deps = consumerDeps(c.env);
  const endpoint = await deps.endpoint({ organization_id, receiver, webhook_id: null });
  if (endpoint.kind !== 'open') return;
  const text = JSON.stringify({ method: 'typing', params: { sessionid, state: 'on' } });
  const body = endpoint.api_key === undefined ? text : withApiKey(text, endpoint.api_key);
  await deps.attempt(endpoint.destination, { id: newUuid(Date.now()), body }, timesOf(receiver));
}
