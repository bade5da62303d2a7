import { createHash } from 'node:crypto';
import type { IdentityDatabase } from '../db/database.ts';
import type { ChannelRow } from '../db/rows.ts';
import type { UserFacts } from '../resources/user.ts';
import { uuidVersion7 } from '../resources/uuid.ts';
import { findKnownUsers } from './known-users.ts';
import { insertUser, userFacts } from './users.ts';

/**
 * The bot user of an interface's channel: it sends what a responder answers, and what people outside wrote who are no
 * users of the hub. Made with the first need; its id follows from the channel's, so several calls at once make one. Null
 * when somebody has deleted it. `timeToLive` in ms, as in `findKnownUsers`.
 */
export async function findOrMakeBot(
  database: IdentityDatabase,
  channel: Pick<ChannelRow, 'id' | 'organization_id' | 'created_at'>,
  timeToLive: number,
): Promise<UserFacts | null> {
  const id = botIdOf(channel);
  const known = async () => (await findKnownUsers(database, channel.organization_id, [id], timeToLive)).get(id) ?? null;
  const found = await known();
  if (found !== null) return userFacts(found);
  const user = { id, first_name: 'Threads', last_name: 'API', is_bot: 1, created_at: Date.now() } as const;
  // Without it the interface answers nothing, so no quota keeps it out.
  const made = await insertUser(database, channel.organization_id, user, Number.MAX_SAFE_INTEGER);
  const bot = made.ok ? made.row : await known();
  return bot === null ? null : userFacts(bot);
}

/** The id of the bot user of a channel. */
function botIdOf({ id, created_at }: Pick<ChannelRow, 'id' | 'created_at'>): string {
  const digest = createHash('sha256').update(`bot/${id}`).digest();
  const high12 = digest.readUInt16BE(0) & 0xfff;
  return uuidVersion7(created_at, { high12, low62: digest.readBigUInt64BE(2) & ((1n << 62n) - 1n) });
}
