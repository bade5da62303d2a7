import { listUsersWithLine } from '../../directory/phone-lines.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { numericId } from '../../resources/rpc-ids.ts';
import { fullName } from '../../resources/user.ts';
import { commandHead, sendCommand } from '../send-command.ts';
import type { RpcChannel } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { ParamsOf } from './params.ts';
import { findSession } from './parties.ts';

/** What the published sample calls a user who can be reached, and one who cannot now. */
const PRESENT = 2;
const ABSENT = 0;

/** The method `getChatUsers`: the users who have an extension. */
export async function getChatUsers(c: AppContext): Promise<Outcome<object[]>> {
  const rows = await listUsersWithLine(identityDatabase(c), c.var.organization.id);
  const now = Date.now();
  const users = rows.map((row) => ({
    phone: row.extension,
    name: fullName(row),
    id: numericId(row.number),
    state: row.present_until !== null && row.present_until > now ? PRESENT : ABSENT,
  }));
  return { ok: true, result: users };
}

/** The method `typing`: the contact types in a session, or has stopped. */
export async function noteTyping(
  c: AppContext,
  { channel }: RpcChannel,
  { sessionid, state }: ParamsOf<'typing'>,
): Promise<Outcome> {
  const session = await findSession(c, channel, sessionid);
  if (!session.ok) return session;
  const { chat_id, thread, visitor_id } = session.result;
  const result = await sendCommand(c, thread, {
    ...commandHead(c),
    type: 'update_visitor_membership',
    chat_id,
    visitor_id,
    is_participating: null,
    composing_status: state === 'on' ? 'typing' : 'idle',
    last_seen_at: null,
  });
  return result.ok ? { ok: true, result: {} } : { ok: false, thread: result.refusal };
}
