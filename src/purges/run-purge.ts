import { noCost } from '../db/cost.ts';
import { type OrganizationDatabase, openOrganizationDatabase } from '../db/database.ts';
import type { PurgeRow } from '../db/rows.ts';
import { freeUnnamedFiles } from '../directory/files.ts';
import {
  deleteVisitorData,
  finishPurge,
  insertPurge,
  type NewPurge,
  notePurgedVisitor,
  placesOfVisitor,
} from '../directory/purges.ts';
import { threadName } from '../domain/address.ts';
import { deleteDueFiles, FILES_IN_A_RUN, fileBucket } from '../files/delete-due-files.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { liveHubStub, visitorHub } from '../rpc/live-hub.ts';
import { type PurgeOrder, threadStub } from '../rpc/thread.ts';
import { visitorStub } from '../rpc/user.ts';

/**
 * Works on a purge until nothing of what it covers is left, or until a thread needs more time. Answers whether it is
 * done. Each step can be repeated, so the watchdog goes on with what a crash has left. Rejects when something cannot be
 * reached.
 */
export async function runPurge(env: Env, database: OrganizationDatabase, purge: PurgeRow): Promise<boolean> {
  const isDone =
    purge.kind === 'visitor' ? await purgeVisitor(env, database, purge) : await purgeThread(env, database, purge);
  if (!isDone) return false;
  // The threads have told D1 which files go.
  const deleted = await deleteDueFiles(fileBucket(env), database, 0, purge.organization_id);
  if (deleted >= FILES_IN_A_RUN) return false;
  await finishPurge(database, purge.id, Date.now());
  return true;
}

/**
 * Records a purge in `requested`, the database of the request with its entry of the audit log, and begins to work on it.
 * `background` keeps the work alive after the answer.
 */
export async function beginPurge(
  env: Env,
  owner: { database: string },
  requested: OrganizationDatabase,
  purge: NewPurge,
  background: (work: Promise<unknown>) => void,
): Promise<PurgeRow> {
  const database = openOrganizationDatabase(env, owner, noCost());
  await insertPurge(requested, purge);
  const row = { ...purge, finished_at: null };
  background(
    runPurge(env, database, row).catch((error: unknown) =>
      writeLog('error', 'purge_failed', { purge: purge.id, error: errorText(error) }),
    ),
  );
  return row;
}

/** Every thread of the visitor, then what D1, their own object and their live hub hold of them. */
async function purgeVisitor(env: Env, database: OrganizationDatabase, purge: PurgeRow): Promise<boolean> {
  const { organization_id, visitor_id } = purge;
  if (visitor_id === null) throw new Error('a purge of a visitor names none');
  const { threads, room_ids } = await placesOfVisitor(database, organization_id, visitor_id);
  // A thread that has just begun may not be in the copy yet. The visitor's own are named by the rooms.
  const own = [...new Set([...room_ids, ...(purge.room_id === null ? [] : [purge.room_id])])].map((room_id) =>
    threadName({ kind: 'visitor', room_id, visitor_id }),
  );
  for (const thread of new Set([...threads, ...own])) {
    const answer = await askThread(env, thread, orderOf(purge, 'visitor'));
    if (answer !== null && !answer.is_done) return false;
  }
  await forgetVisitor(env, database, organization_id, visitor_id);
  return true;
}

/** A chat, or a whole thread. The visitors of a channel's thread are in no other, so they go with it. */
async function purgeThread(env: Env, database: OrganizationDatabase, purge: PurgeRow): Promise<boolean> {
  const { organization_id, thread, kind } = purge;
  if (thread === null) throw new Error('a purge of a chat names no thread');
  const order = orderOf(purge, kind === 'thread' ? 'visitor' : 'messages');
  const answer = await askThread(env, thread, order);
  if (answer === null || kind === 'chat') return answer === null || answer.is_done;
  if (!answer.is_done) return false;
  for (const id of answer.visitor_ids) await forgetVisitor(env, database, organization_id, id);
  return true;
}

function orderOf(
  { id, organization_id, chat_id, visitor_id, before }: PurgeRow,
  covers: PurgeOrder['covers'],
): PurgeOrder {
  return { id, organization_id, chat_id, visitor_id, covers, before };
}

/** Null when the thread or the chat does not exist: then there is nothing to purge. Rejects on any other refusal. */
async function askThread(
  env: Env,
  thread: string,
  order: PurgeOrder,
): Promise<{ is_done: boolean; visitor_ids: string[] } | null> {
  const result = await threadStub(env, thread).purge({ v: 1, order });
  if (result.ok) return result.answer;
  const { reason } = result.refusal;
  if (reason === 'thread_not_found' || reason === 'chat_not_found') return null;
  throw new Error(`the thread refused the purge: ${reason}`);
}

async function forgetVisitor(
  env: Env,
  database: OrganizationDatabase,
  organizationId: string,
  visitorId: string,
): Promise<void> {
  await notePurgedVisitor(database, organizationId, visitorId, Date.now());
  await visitorStub(env, visitorId).forget({ v: 1 });
  await liveHubStub(env, visitorHub(visitorId)).forget({ v: 1 });
  await freeUnnamedFiles(database, organizationId, visitorId);
  await deleteVisitorData(database, organizationId, visitorId);
}
