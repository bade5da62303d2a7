import { createApp } from './app.ts';
import { deleteOldDrafts } from './chats/drafts.ts';
import { deleteExpiredMessages } from './chats/expired-messages.ts';
import { deleteOldMentions } from './chats/mentions.ts';
import { noCost } from './db/cost.ts';
import { databasesOf, deliveryLog, openIdentityDatabase } from './db/database.ts';
import { handleQueue } from './delivery/consumer.ts';
import { consumerDeps } from './delivery/consumer-deps.ts';
import { endSilentMemberships } from './delivery/end-silent-memberships.ts';
import { wakeOverdueThreads } from './delivery/wake-overdue.ts';
import { deleteOldDeliveries, runSweeps, type Sweep, sweepDeliveries } from './delivery/watchdog.ts';
import { deleteOldAuditEntries } from './directory/audit-log.ts';
import { deleteOldKeys } from './directory/keyed-requests.ts';
import { deletePassingVisitors } from './directory/passing-visitors.ts';
import type { RemoveSilentMembers } from './domain/commands.ts';
import { deleteDueFiles, fileBucket } from './files/delete-due-files.ts';
import { deleteUnansweredVisitors } from './purges/delete-unanswered-visitors.ts';
import { purgeOldChats } from './purges/purge-old-chats.ts';
import { removeUnansweredThreads } from './purges/remove-unanswered-threads.ts';
import { sweepPurges } from './purges/sweep-purges.ts';
import { commandThread, threadStub } from './rpc/thread.ts';

export { LiveHub } from './live/hub.ts';
export { UserObject } from './presence/user-object.ts';
export { ProjectorObject } from './read-model/projector.ts';
export { ThreadObject } from './thread/thread-object.ts';

const app = createApp();

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),

  queue: (batch, env, context) => handleQueue(batch, context, consumerDeps(env)),

  /** The watchdog. */
  scheduled: (_controller, env) => runSweeps(sweepsOf(env), Date.now()),
} satisfies ExportedHandler<Env>;

/** Sends a command to a thread; answers how many memberships it has ended. */
function commandIn(env: Env) {
  return async (thread: string, command: RemoveSilentMembers): Promise<number> => {
    const { result } = await commandThread(env, thread, command);
    if (!result.ok) throw new Error(`the thread refused: ${result.refusal.reason}`);
    return result.answer.removed;
  };
}

function sweepsOf(env: Env): Sweep[] {
  const identity = openIdentityDatabase(env, noCost());
  const log = deliveryLog(env, noCost());
  const ofOrganizations = [...databasesOf(env, noCost())].flatMap(([database, copy]): Sweep[] => [
    { database, name: 'woken', run: (now) => wakeOverdueThreads(copy, (thread) => threadStub(env, thread), now) },
    { database, name: 'members_removed', run: (now) => endSilentMemberships(copy, commandIn(env), now) },
    {
      database,
      name: 'unanswered_deleted',
      run: (now) => deleteUnansweredVisitors(env, { identity, copy, name: database }, now),
    },
    { database, name: 'visitors_deleted', run: (now) => deletePassingVisitors(copy, now) },
    { database, name: 'audit_deleted', run: (now) => deleteOldAuditEntries(copy, now) },
    { database, name: 'drafts_deleted', run: (now) => deleteOldDrafts(copy, now) },
    { database, name: 'mentions_deleted', run: (now) => deleteOldMentions(copy, now) },
    { database, name: 'keys_deleted', run: (now) => deleteOldKeys(copy, now) },
    { database, name: 'purged', run: (now) => sweepPurges(env, copy, now) },
    { database, name: 'chats_purged', run: (now) => purgeOldChats(env, { identity, copy, name: database }, now) },
    { database, name: 'files_deleted', run: (now) => deleteDueFiles(fileBucket(env), copy, now) },
    {
      database,
      name: 'threads_removed',
      run: (now) => removeUnansweredThreads(env, { identity, copy, name: database }, now),
    },
    { database, name: 'messages_deleted', run: (now) => deleteExpiredMessages(identity, copy, database, now) },
  ]);
  return [
    { database: 'DELIVERY_LOG', name: 'offered', run: (now) => sweepDeliveries(log, env.WEBHOOKS, now) },
    { database: 'DELIVERY_LOG', name: 'deliveries_deleted', run: (now) => deleteOldDeliveries(log, now) },
    ...ofOrganizations,
  ];
}
