import type { OrganizationDatabase } from '../db/database.ts';
import { newCommandId, type RemoveSilentMembers } from '../domain/commands.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { inParallel } from './in-parallel.ts';

/** When an ended share is looked at (ms after its end): other isolates let nobody in any more, and D1 has who joined. */
const DUE_AFTER = 60_000;
/** Most ended shares of a run, most open chats that it looks at for each, and how many threads at a time. */
const SHARES_IN_A_RUN = 20;
const CHATS_OF_A_SHARE = 500;
const AT_ONCE = 6;

type EndedShare = { room_id: string; organization_id: string; ended_at: number; after_chat: string };
type OpenChat = { id: string; thread: string; is_involved: 0 | 1 };

/**
 * Makes the silent members of former partners leave the open chats of rooms that are no longer shared with them
 * (docs/api.md, Silent members). They have lost the chats with the share; this tells the others so. Goes on where the
 * last run ended. `now` in ms. Answers how many memberships it ended. A thread that fails is logged and passed over.
 */
export async function endSilentMemberships(
  database: OrganizationDatabase,
  send: (thread: string, command: RemoveSilentMembers) => Promise<number>,
  now: number,
): Promise<number> {
  let ended = 0;
  for (const share of await dueShares(database, now - DUE_AFTER)) {
    const chats = await nextOpenChats(database, share);
    const involved = chats.filter(({ is_involved }) => is_involved === 1);
    const counts = await inParallel(involved, AT_ONCE, async ({ id, thread }) => {
      const { organization_id } = share;
      const head = { v: 1 as const, command_id: newCommandId(), type: 'remove_silent_members' as const };
      try {
        return await send(thread, { ...head, chat_id: id, organization_id });
      } catch (error) {
        writeLog('error', 'silent_members_not_removed', { thread, error: errorText(error) });
        return 0;
      }
    });
    ended += counts.reduce((sum, count) => sum + count, 0);
    const last = chats.at(-1);
    await keepProgress(database, share, chats.length < CHATS_OF_A_SHARE || last === undefined ? null : last.id);
  }
  return ended;
}

/** Shares that ended before a time (ms), the oldest first. Reads across organizations, which only the watchdog may do. */
function dueShares(database: OrganizationDatabase, before: number): Promise<EndedShare[]> {
  return database.all<EndedShare>(
    'SELECT * FROM ended_shares WHERE ended_at <= ? ORDER BY ended_at, room_id, organization_id LIMIT ?',
    before,
    SHARES_IN_A_RUN,
  );
}

/** The room's next open chats, and whether the former partner had a member in each. */
function nextOpenChats(database: OrganizationDatabase, share: EndedShare): Promise<OpenChat[]> {
  return database.all<OpenChat>(
    `WITH walk AS (SELECT id, thread FROM chats INDEXED BY chats_open_by_room
       WHERE room_id = ?1 AND room_id IS NOT NULL AND is_ended = 0 AND id > ?2 ORDER BY id LIMIT ?4)
     SELECT walk.id, walk.thread, EXISTS (SELECT 1 FROM involvements
       WHERE involvements.organization_id = ?3 AND involvements.chat_id = walk.id) AS is_involved
     FROM walk ORDER BY walk.id`,
    share.room_id,
    share.after_chat,
    share.organization_id,
    CHATS_OF_A_SHARE,
  );
}

/** `after` null: all chats were looked at. A share that has ended once more since starts from the beginning. */
async function keepProgress(database: OrganizationDatabase, share: EndedShare, after: string | null): Promise<void> {
  const which = 'room_id = ?1 AND organization_id = ?2 AND ended_at = ?3';
  const { room_id, organization_id, ended_at } = share;
  if (after === null) {
    await database.run(`DELETE FROM ended_shares WHERE ${which}`, room_id, organization_id, ended_at);
  } else {
    const sql = `UPDATE ended_shares SET after_chat = ?4 WHERE ${which}`;
    await database.run(sql, room_id, organization_id, ended_at, after);
  }
}
