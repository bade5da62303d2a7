import { purgeDrafts } from '../chats/drafts.ts';
import { purgeNotes } from '../chats/notes.ts';
import { noCost } from '../db/cost.ts';
import { openOrganizationDatabase } from '../db/database.ts';
import { wantsPurges } from '../directory/channels.ts';
import type { Command } from '../domain/commands.ts';
import type { ThreadState } from '../domain/state.ts';
import type { AlarmClock } from '../platform/alarm-clock.ts';
import type { Timers } from '../platform/timers.ts';
import type { Checkpoint } from '../rpc/projector.ts';
import type { Executed } from '../rpc/thread.ts';
import { ALARM_AFTER, ALARM_WORK } from './alarm.ts';
import { Broadcast } from './live/broadcast.ts';
import { type PresenceWatch, watchUsers } from './presence-watch.ts';
import { Purger } from './purger.ts';
import { Replica, type ReplicaDeps } from './replica/replica.ts';
import { Lanes } from './webhooks/lanes.ts';
import { WebhookEnds } from './webhooks/webhook-ends.ts';

/** What the parts of a thread's object share. `state` answers the state after the last commit. */
export type ThreadObjectContext = {
  ctx: DurableObjectState;
  env: Env;
  state: () => ThreadState;
  timers: Timers;
  alarmClock: AlarmClock;
  execute: (command: Command) => Promise<Executed>;
  failed: (event: string, error: unknown) => void;
};

/** The lanes of the object. Their wake-ups go to the queue, and a change of them arms the alarm. */
export function makeLanes({ ctx, env, state, timers, alarmClock, execute, failed }: ThreadObjectContext): Lanes {
  return new Lanes({
    ends: new WebhookEnds({
      sql: ctx.storage.sql,
      timers,
      execute,
      background: (work) => ctx.waitUntil(work),
      failed: (error) => failed('webhook_end_failed', error),
    }),
    sql: ctx.storage.sql,
    transaction: (change) => ctx.storage.transactionSync(change),
    thread: () => {
      const { thread, name } = state();
      return thread && { ...thread, name };
    },
    send: (wakeUp) => ctx.waitUntil(env.WEBHOOKS.send(wakeUp).catch((error) => failed('offer_failed', error))),
    changed: (at) => {
      alarmClock.armBy(at + ALARM_AFTER);
    },
  });
}

/** Tells apps and live hubs of the object's events. */
export function makeBroadcast({ ctx, env, state, timers, failed }: ThreadObjectContext): Broadcast {
  const background = (work: Promise<unknown>) => ctx.waitUntil(work);
  return new Broadcast({ env, sql: ctx.storage.sql, state, background, failed, timers });
}

/** Asks users' objects for the presence of the members of the object's open chat. */
export function makeWatch({ ctx, env, state, timers, execute, failed }: ThreadObjectContext): PresenceWatch {
  return watchUsers({
    env,
    sql: ctx.storage.sql,
    timers,
    state,
    execute,
    background: (work) => ctx.waitUntil(work),
    failed: (error) => failed('watch_failed', error),
  });
}

/** The object's copy in D1. `start`: where that of a new thread begins. */
export function makeReplica(
  { ctx, state, timers }: ThreadObjectContext,
  { latest, write }: Pick<ReplicaDeps, 'latest' | 'write'>,
  start: Checkpoint | null,
): Replica {
  return new Replica(
    {
      sql: ctx.storage.sql,
      transaction: (change) => ctx.storage.transactionSync(change),
      state,
      latest,
      write,
      timers,
      now: () => Date.now(),
      crash: () => ctx.abort('fault'),
    },
    start,
  );
}

/** Works on the object's purges. */
export function makePurger(
  { ctx, env, state, timers, alarmClock, execute, failed }: ThreadObjectContext,
  replica: Replica,
  lanes: Lanes,
  broadcast: Broadcast,
): Purger {
  return new Purger({
    sql: ctx.storage.sql,
    transaction: (change) => ctx.storage.transactionSync(change),
    state,
    armAlarm: () => alarmClock.armBy(Date.now() + ALARM_AFTER),
    patience: ALARM_WORK,
    latest: () => ({ seq: state().last_seq, version: lanes.version }),
    replica,
    lanes,
    broadcast,
    timers,
    execute,
    purgeOwnTexts: async (chat_id, before) => {
      const { thread } = state();
      if (thread === null) return;
      const database = openOrganizationDatabase(env, thread, noCost());
      await Promise.all([purgeDrafts(database, chat_id, before), purgeNotes(database, chat_id, before)]);
    },
    tellsChannel: async () => {
      const { thread } = state();
      if (thread === null || thread.channel_id === null) return false;
      return await wantsPurges(
        openOrganizationDatabase(env, thread, noCost()),
        thread.organization_id,
        thread.channel_id,
      );
    },
    failed: (error) => failed('purge_failed', error),
    crash: () => ctx.abort('fault'),
  });
}
