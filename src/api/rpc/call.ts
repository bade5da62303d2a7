import type { AppContext } from '../../http/app-environment.ts';
import type { CallFacts } from '../../resources/call-record.ts';
import { type RpcChannel, sendMessage, type Told, toldBy } from './message.ts';
import { type Outcome, refused } from './outcome.ts';
import type { CallParams } from './params.ts';
import { findLine, findParties, findSession, knownUser } from './parties.ts';

/** The method `message` with the type 8: the record of a call between a user and a contact. */
export async function receiveCall(c: AppContext, rpc: RpcChannel, params: CallParams): Promise<Outcome> {
  const { content, sessionid } = params;
  const session = sessionid === undefined ? null : await findSession(c, rpc.channel, sessionid);
  if (session !== null && !session.ok) return session;
  const caller = await findLine(c, content.caller);
  const direction = content.direction ?? (caller === null ? 'inbound' : 'outbound');
  let told: Told;
  if (session === null) {
    const from = params.from ?? content.caller;
    const found = toldBy(await findParties(c, { ...params, from, to: params.to ?? content.called }));
    if (!found.ok) return found;
    told = found.result;
  } else {
    const host = await knownUser(c, session.result.user_id);
    if (host === null) return refused('The user of the session was deleted.');
    told = { host, contact: session.result.contact, sender: direction === 'outbound' ? (caller ?? host) : null };
  }
  const call: CallFacts = { ...content, direction };
  return await sendMessage(c, rpc, params, told, { text: '', call }, session?.result ?? null);
}
