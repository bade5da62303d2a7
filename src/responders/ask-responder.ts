/**
 * Asks what answers the messages of the threads API: an endpoint over HTTP, or a model. Answers may be wrong or missing
 * in any way; then the message waits for people.
 */

import type { ChannelRow } from '../db/rows.ts';
import { unwrapSecret } from '../directory/stored-secrets.ts';
import type { Responder } from '../resources/interface.ts';
import { askEndpoint } from './endpoint.ts';
import { askModel } from './model.ts';
import type { Question, ResponderAnswer } from './question.ts';

/** A channel's responder; null without one. */
export function responderOf({ responder }: Pick<ChannelRow, 'responder'>): Responder | null {
  return responder === null ? null : (JSON.parse(responder) as Responder);
}

/** Asks the responder of a channel, for `milliseconds` at most. Never rejects because of the responder. */
export async function askResponder(
  env: Env,
  channel: ChannelRow,
  responder: Responder,
  question: Question,
  milliseconds: number,
): Promise<ResponderAnswer> {
  const { id } = channel;
  const signal = AbortSignal.timeout(milliseconds);
  if (responder.type === 'http') {
    const secret = await unwrapSecret(env, { table: 'channels', id, column: 'secret' }, channel.secret);
    const own_origins = [env.PUBLIC_ORIGIN, channel.registered_origin];
    return askEndpoint(env, { url: responder.url ?? '', secrets: [secret], own_origins }, question, signal);
  }
  const place = { table: 'channels', id, column: 'responder_key' } as const;
  const { responder_key: stored } = channel;
  const key = stored === null ? null : await unwrapSecret(env, place, stored);
  return askModel(env, responder, key, [channel.registered_origin], question, signal);
}
