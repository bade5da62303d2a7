import { type Command, newCommandId } from '../domain/commands.ts';
import { openChat, type ThreadState } from '../domain/state.ts';
import type { AlarmClock } from '../platform/alarm-clock.ts';
import { withinTime } from '../platform/timeout.ts';
import type { Backoff, Timers } from '../platform/timers.ts';
import { endsAt } from '../resources/chat.ts';
import type { Executed } from '../rpc/thread.ts';
import type { Broadcast } from './live/broadcast.ts';
import { followedChat, type PresenceWatch, WATCH_TIMER } from './presence-watch.ts';
import { PURGE_TIMER, type Purger } from './purger.ts';
import { COPY_TIMER, type Replica } from './replica/replica.ts';
import type { Lanes } from './webhooks/lanes.ts';
import { ENDS_TIMER } from './webhooks/webhook-ends.ts';

/**
 * A commit arms the alarm this far ahead (ms), unless it rings sooner anyway. By then the memory is still there, which
 * the platform destroys after ten seconds of silence. A new instance need not repeat what is complete by then.
 */
export const ALARM_AFTER = 8000;
/** Longest run of the alarm (ms). Then it rings again for the rest. */
export const ALARM_WORK = 10_000;
/** When a run of the alarm that failed, or left work behind, is repeated (ms). */
const BACKOFF: Backoff = { first: 16_000, last: 300_000 };

/** Timers of unfinished work. */
const UNFINISHED: ReadonlySet<string> = new Set([COPY_TIMER, WATCH_TIMER, PURGE_TIMER, ENDS_TIMER]);

const SWEEP_TIMER = 'sweep';
const END_TIMER = 'end';
const HUBS_TIMER = 'hubs';

export type SweepDeps = {
  alarmClock: AlarmClock;
  timers: Timers;
  replica: Replica;
  lanes: Lanes;
  broadcast: Broadcast;
  watch: PresenceWatch;
  purger: Purger;
  state: () => ThreadState;
  execute: (command: Command) => Promise<Executed>;
  failed: (event: string, error: unknown) => void;
};

/**
 * What a thread's alarm does: everything that is due, within a limit of time. Then it is armed for what is due next.
 */
export class Sweep {
  readonly #deps: SweepDeps;
  /** When this instance last committed a command (ms); 0 for never. */
  #committedAt = 0;

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /** Does what is due. Harmless when done twice. Never rejects: the platform drops an alarm after six failures. */
  async run(): Promise<void> {
    try {
      await this.#sweep(Date.now() + ALARM_WORK);
      this.#armNext();
    } catch (error) {
      this.#deps.failed('alarm_failed', error);
      this.#deps.timers.fail(SWEEP_TIMER, BACKOFF);
    }
  }

  /** Arms the alarm of a new instance, because the platform may have dropped that of an earlier one. */
  start(): void {
    const { alarmClock, timers, purger } = this.#deps;
    const now = Date.now();
    const due = this.isSettled() ? [timers.next(), purger.dueAt(now)] : [now + ALARM_AFTER];
    for (const at of due) if (at !== null) alarmClock.armBy(at);
  }

  /** Notes that a command was committed at `now` (ms). */
  committed(now: number): void {
    this.#committedAt = now;
  }

  /** Makes the next run look for live hubs that are awake now. */
  checkHubs(): void {
    this.#deps.timers.set(HUBS_TIMER, Date.now());
  }

  /** When the open chat should end (ms); null for never. */
  chatEndsAt(): number | null {
    const chat = openChat(this.#deps.state());
    const end = chat === null ? null : endsAt(chat.facts);
    return end === null ? null : Math.max(end, this.#deps.timers.dueAt(END_TIMER) ?? 0);
  }

  /** Stores how far D1 and the live hubs are, so that a new instance sends them nothing twice. */
  writeCheckpoints(): void {
    this.#deps.replica.writeCheckpoint();
    this.#deps.broadcast.writeCheckpoints();
  }

  /** Whether no work is left that a new instance of the object would have to go on with. */
  isSettled(): boolean {
    const { replica, lanes, broadcast, watch, purger, state } = this.#deps;
    return (
      replica.isSettled &&
      lanes.ends.isSettled &&
      purger.isIdle &&
      broadcast.isSettled &&
      watch.isSettled(followedChat(state()))
    );
  }

  /** Lanes and ends of chats come first: they do not need D1, so they do not wait for it. */
  async #sweep(until: number): Promise<void> {
    const { lanes, watch, broadcast, replica, purger, timers, state } = this.#deps;
    lanes.makeRest();
    lanes.wakeDue(Date.now());
    await withinTime(lanes.ends.run(), ALARM_WORK);
    await this.#endOverdueChat();
    watch.follow(followedChat(state()));
    purger.takeDueKeys();
    await withinTime(purger.run(until), ALARM_WORK);
    const isHubDue = !broadcast.isSettled || (timers.dueAt(HUBS_TIMER) ?? until) < until;
    const work = [replica.run(until), ...(isHubDue ? [broadcast.catchUp()] : [])];
    await withinTime(Promise.all(work), ALARM_WORK);
    if (isHubDue) timers.clear(HUBS_TIMER);
    this.writeCheckpoints();
    lanes.prune(Date.now(), replica.writtenVersion);
  }

  /**
   * Only the current session can be open, so no other can be overdue. A failure here must not stop the rest of the run.
   */
  async #endOverdueChat(): Promise<void> {
    const end = this.chatEndsAt();
    if (end === null || end > Date.now()) return;
    try {
      const command = { v: 1, type: 'end_overdue_chats', command_id: newCommandId() } as const;
      const { result } = await this.#deps.execute(command);
      if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
      this.#deps.timers.clear(END_TIMER);
    } catch (error) {
      this.#deps.failed('end_failed', error);
      this.#deps.timers.fail(END_TIMER, BACKOFF);
    }
  }

  /**
   * Arms the alarm for what is due next. Waits a second at least, so that overdue work cannot make it spin. Unfinished
   * work without a time of its own is repeated as after a commit while the thread is busy, and then at growing
   * intervals.
   */
  #armNext(): void {
    const { timers, lanes, replica, purger, alarmClock } = this.#deps;
    const now = Date.now();
    const isBusy = now - this.#committedAt < ALARM_AFTER;
    const isSettled = this.isSettled();
    // A timer that was due and did not fail again is done, perhaps by another caller. If it stayed due, the alarm would
    // ring forever.
    for (const name of timers.due()) {
      if (isSettled) timers.clear(name);
      else timers.fail(name);
    }
    if (isSettled) timers.clear(SWEEP_TIMER);
    else if (!isBusy && !this.#isTried()) timers.fail(SWEEP_TIMER, BACKOFF);
    const due = lanes.dueTimes(now, replica.writtenVersion);
    const busyUntil = isBusy && !isSettled ? now + ALARM_AFTER : null;
    const times = [...due.lanes, due.expiry, this.chatEndsAt(), purger.dueAt(now), timers.next(), busyUntil].filter(
      (at) => at !== null,
    );
    if (times.length > 0) alarmClock.armBy(Math.max(Math.min(...times), now + 1000));
  }

  /** Whether the unfinished work has failed, and so has a time of its own. */
  #isTried(): boolean {
    const names = this.#deps.timers.names();
    return names.some((name) => UNFINISHED.has(name) || name.startsWith('hub/'));
  }
}
