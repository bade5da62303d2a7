import type { EndedChat } from '../chats/ended-chats.ts';
import { unpurgedChats } from '../chats/unpurged-chats.ts';
import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { inParallel } from '../delivery/in-parallel.ts';
import { goldenPlaceAt } from '../delivery/watchdog.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { threadStub } from '../rpc/thread.ts';

/** Most chats of one run of the watchdog, and after which time (ms) it begins no more. The next run goes on. */
const CHATS_IN_A_RUN = 500;
const TIME_FOR_A_RUN = 20_000;
/** Chats that are purged at the same time. */
const AT_ONCE = 6;

/**
 * Purges the messages of chats that ended longer ago than their organization keeps them (`chat_retention_days`), at
 * `now` (ms). A chat that fails stops no other one. Answers how many are purged.
 */
export async function purgeOldChats(
  env: Env,
  { identity, copy, name }: { identity: IdentityDatabase; copy: OrganizationDatabase; name: string },
  now: number,
): Promise<number> {
  const until = Date.now() + TIME_FOR_A_RUN;
  let purged = 0;
  const range = { start: goldenPlaceAt(now), limit: CHATS_IN_A_RUN };
  for await (const chats of unpurgedChats(identity, copy, name, now, range)) {
    const outcomes = await inParallel(
      chats,
      AT_ONCE,
      async (chat) => Date.now() < until && (await purgeChat(env, chat)),
    );
    purged += outcomes.filter((isDone) => isDone).length;
    if (Date.now() >= until) break;
  }
  return purged;
}

/** Whether nothing is left of the chat's messages. The same chat has the same order, whenever the watchdog comes by. */
async function purgeChat(env: Env, { id, thread, organization_id }: EndedChat): Promise<boolean> {
  try {
    const order = { id: `retention/${id}`, organization_id, chat_id: id, covers: 'messages', before: null } as const;
    const result = await threadStub(env, thread).purge({ v: 1, order });
    if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
    return result.answer.is_done;
  } catch (error) {
    writeLog('error', 'retention_failed', { thread, error: errorText(error) });
    return false;
  }
}
