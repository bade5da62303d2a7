import { type Command, newCommandId } from '../domain/commands.ts';
import { openChat, type ThreadState } from '../domain/state.ts';
import type { AlarmClock } from '../platform/alarm-clock.ts';
import { withinTime } from '../platform/timeout.ts';
import type { Backoff, Timers } from '../platform/timers.ts';
import { endsAt } from '../resources/chat.ts';
import type { Executed } from '../rpc/thread.ts';
import type { Broadcast } from './live/broadcast.ts';
import { followedChat, type PresenceWatch, WATCH_TIMER } from './presence-watch.ts';
import { COPY_TIMER, type Replica } from './replica/replica.ts';
import type { Lanes } from './webhooks/lanes.ts';

/**
 * A commit arms the alarm this far ahead (ms), unless it rings sooner anyway: while the memory is still there, which the platform
 * destroys after ten seconds of silence. What is settled by then a new instance need not do again.
 */
export const ALARM_AFTER = 8000;
/** The alarm works so long (ms) at a stretch, and then rings again. */
export const ALARM_WORK = 10_000;
/** A sweep that failed, or that left something unsettled, is repeated after this long. */
const BACKOFF: Backoff = { first: 16_000, last: 300_000 };

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
  state: () => ThreadState;
  execute: (command: Command) => Promise<Executed>;
  failed: (event: string, error: unknown) => void;
};

/** What a thread's alarm does: whatever is due, with a bound of work, and then it is armed for what is due next. */
export class Sweep {
  readonly #deps: SweepDeps;
  /** When the last command was committed (ms); 0 when that was not in this instance. */
  #committedAt = 0;

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /** Does what is due; harmless when it is done twice. Never rejects: the platform forgets an alarm after six failures. */
  async run(): Promise<void> {
    try {
      await this.#sweep(Date.now() + ALARM_WORK);
      this.#armNext();
    } catch (error) {
      this.#deps.failed('alarm_failed', error);
      this.#deps.timers.fail(SWEEP_TIMER, BACKOFF);
    }
  }

  /** Arms the alarm of a new instance: the platform may have dropped that of an earlier one. */
  start(): void {
    const { alarmClock, timers } = this.#deps;
    const due = this.isSettled() ? timers.next() : Date.now() + ALARM_AFTER;
    if (due !== null) alarmClock.armBy(due);
  }

  /** Told that a command was committed at `now` (ms). */
  committed(now: number): void {
    this.#committedAt = now;
  }

  /** Has the next sweep look for live hubs that have awoken. */
  checkHubs(): void {
    this.#deps.timers.set(HUBS_TIMER, Date.now());
  }

  /** When the open chat should be ended (ms); null for never. */
  chatEndsAt(): number | null {
    const chat = openChat(this.#deps.state());
    const end = chat === null ? null : endsAt(chat.facts);
    return end === null ? null : Math.max(end, this.#deps.timers.dueAt(END_TIMER) ?? 0);
  }

  /** Writes down how far D1 and the live hubs are, so that a new instance tells them nothing again. */
  writeCheckpoints(): void {
    this.#deps.replica.writeCheckpoint();
    this.#deps.broadcast.writeCheckpoints();
  }

  /** Whether nothing is under way that a new instance of the object would have to look after. */
  isSettled(): boolean {
    const { replica, broadcast, watch, state } = this.#deps;
    return replica.isSettled && broadcast.isSettled && watch.isSettled(followedChat(state()));
  }

  /** Lanes and ends first: they need no D1, so they do not wait for it. */
  async #sweep(until: number): Promise<void> {
    const { lanes, watch, broadcast, replica, timers, state } = this.#deps;
    lanes.makeRest();
    lanes.wakeDue(Date.now());
    await this.#endOverdueChat();
    watch.follow(followedChat(state()));
    const isHubDue = !broadcast.isSettled || (timers.dueAt(HUBS_TIMER) ?? until) < until;
    const work = [replica.run(until), ...(isHubDue ? [broadcast.catchUp()] : [])];
    await withinTime(Promise.all(work), ALARM_WORK);
    if (isHubDue) timers.clear(HUBS_TIMER);
    this.writeCheckpoints();
    lanes.prune(Date.now(), replica.writtenVersion);
  }

  /** Only the current session can be open, so no other can be overdue. A failure here must not hold up the rest of the sweep. */
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
   * Arms the alarm for what is due next, not before a second has passed, so that a late one cannot spin. What is unsettled without a
   * time of its own is looked after as after each commit while the thread is busy, and then ever later.
   */
  #armNext(): void {
    const { timers, lanes, replica, alarmClock } = this.#deps;
    const now = Date.now();
    const isBusy = now - this.#committedAt < ALARM_AFTER;
    const isSettled = this.isSettled();
    // What was due and did not fail again is done, by somebody else perhaps: a timer that stayed due would ring for ever.
    for (const name of timers.due()) {
      if (isSettled) timers.clear(name);
      else timers.fail(name);
    }
    if (isSettled) timers.clear(SWEEP_TIMER);
    else if (!isBusy && !this.#isTried()) timers.fail(SWEEP_TIMER, BACKOFF);
    const due = lanes.dueTimes(now, replica.writtenVersion);
    const busyUntil = isBusy && !isSettled ? now + ALARM_AFTER : null;
    const times = [...due.lanes, due.expiry, this.chatEndsAt(), timers.next(), busyUntil].filter((at) => at !== null);
    if (times.length > 0) alarmClock.armBy(Math.max(Math.min(...times), now + 1000));
  }

  /** Whether what is unsettled has failed, and so has a time at which it is tried again. */
  #isTried(): boolean {
    const names = this.#deps.timers.names();
    return names.some((name) => name === COPY_TIMER || name === WATCH_TIMER || name.startsWith('hub/'));
  }
}
