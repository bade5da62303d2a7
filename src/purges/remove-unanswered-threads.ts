import type { EndedChat } from '../chats/ended-chats.ts';
import { deleteChats, deleteMessages, hasOtherThreads, type RemovedThread } from '../chats/removed-threads.ts';
import { forgetUnanswered, unansweredChats } from '../chats/unanswered-chats.ts';
import { noCost } from '../db/cost.ts';
import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { inParallel } from '../delivery/in-parallel.ts';
import { goldenPlaceAt } from '../delivery/watchdog.ts';
import { noteLostThread } from '../directory/unanswered-visitors.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { readThread, threadStub } from '../rpc/thread.ts';

/** Most chats of one run of the watchdog, and after which time (ms) it begins no more. The next run goes on. */
const CHATS_IN_A_RUN = 500;
const TIME_FOR_A_RUN = 20_000;
/** Threads that are removed at the same time. */
const AT_ONCE = 6;
/**
 * How long (ms) after a thread was removed from its object D1's rows stay at least: what is on its way to them has then
 * arrived, or is lost.
 */
const COPIES_ARRIVE_WITHIN = 60_000;

/**
 * Removes visitors' threads that no user has answered, as many days after their last chat ended as their organization
 * says (`unanswered_retention_days`), at `now` (ms): first from their object, then from D1, whose row of the newest chat
 * goes last. So the next run goes on with what a crash has left. A thread that fails stops no other one. Answers how many
 * are gone.
 */
export async function removeUnansweredThreads(
  env: Env,
  { identity, copy, name }: { identity: IdentityDatabase; copy: OrganizationDatabase; name: string },
  now: number,
): Promise<number> {
  const until = Date.now() + TIME_FOR_A_RUN;
  let removed = 0;
  const range = { start: goldenPlaceAt(now), limit: CHATS_IN_A_RUN };
  for await (const { before, chats } of unansweredChats(identity, copy, name, now, range)) {
    const outcomes = await inParallel(
      chats,
      AT_ONCE,
      async (chat) => Date.now() < until && (await removeThreadOf(env, copy, chat, { before, now })),
    );
    removed += outcomes.filter((isGone) => isGone).length;
    if (Date.now() >= until) break;
  }
  return removed;
}

type Times = { before: number; now: number };

/** Goes on with the thread of an ended chat. Answers whether it is gone. */
async function removeThreadOf(env: Env, copy: OrganizationDatabase, chat: EndedChat, times: Times): Promise<boolean> {
  const { id: chat_id, thread, seq, organization_id, visitor_id } = chat;
  try {
    if (visitor_id === null) throw new Error('an unanswered chat has no visitor');
    const isOneOfSeveral = await hasOtherThreads(copy, { organization_id, visitor_id, thread });
    const covers = isOneOfSeveral ? 'messages' : 'visitor';
    const { before } = times;
    // The object starts again when it has removed the thread, and answers the second call.
    const result = await readThread(env, noCost(), thread, (stub) =>
      stub.removeUnanswered({ v: 1, organization_id, chat_id, seq, before, covers }),
    );
    if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
    const removal = result.answer;
    if (removal.state === 'kept' && removal.is_final) await forgetUnanswered(copy, chat);
    if (removal.state !== 'removed' || times.now - removal.at < COPIES_ARRIVE_WITHIN) return false;
    return await deleteCopy(env, copy, { organization_id, visitor_id, thread, upto: removal.upto }, before);
  } catch (error) {
    writeLog('error', 'removal_failed', { thread, error: errorText(error) });
    return false;
  }
}

/** Deletes what D1 has of a removed thread. Its visitor follows, if nothing else of them remains. Can be repeated. */
async function deleteCopy(
  env: Env,
  copy: OrganizationDatabase,
  removed: RemovedThread,
  before: number,
): Promise<boolean> {
  const { organization_id, thread } = removed;
  const stub = threadStub(env, thread);
  let page = await stub.removedMessages({ v: 1, after: 0 });
  while (page !== null) {
    await deleteMessages(copy, organization_id, page.places);
    page = await stub.removedMessages({ v: 1, after: page.upto });
  }
  await noteLostThread(copy, removed, before);
  return (await deleteChats(copy, removed)) > 0;
}
