import type { DeliveryStatus } from '../../db/rows.ts';
import { type Command, newCommandId } from '../../domain/commands.ts';
import { RetriedRun } from '../../platform/retried-run.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { Timers } from '../../platform/timers.ts';
import { channelOfReceiver, type Receiver } from '../../resources/receiver.ts';
import { firstUuidAt } from '../../resources/uuid.ts';
import type { Executed } from '../../rpc/thread.ts';
import { type MessageAdded, readAddedAt } from '../store/changed-messages.ts';
import { makeTable } from '../store/schema.ts';

export const ENDS_TIMER = 'ends';

/** An event of which a webhook for the channel has ended. `version`: of the delivery that ended last. */
type End = { seq: number; receiver: Receiver; version: number };

export type WebhookEndsDeps = {
  sql: SqlStorage;
  timers: Timers;
  execute: (command: Command) => Promise<Executed>;
  background: (work: Promise<void>) => void;
  failed: (error: unknown) => void;
};

/**
 * Tells the log when a message does not reach its channel, and when a replay brings it after all. A row is written with the end
 * of the webhook, so a crash before the command loses nothing; the command is repeated until the row is gone.
 */
export class WebhookEnds {
  readonly #deps: WebhookEndsDeps;
  readonly #run: RetriedRun;
  /** Whether a row is left; null when unknown. */
  #isLeft: boolean | null = null;

  constructor(deps: WebhookEndsDeps) {
    this.#deps = deps;
    this.#run = new RetriedRun({ timers: deps.timers, timer: ENDS_TIMER, failed: deps.failed });
  }

  /**
   * Notes that a webhook was given up, or that a replay has delivered it. A webhook that is delivered in its lane changes
   * no state, and writes no row. Must run in the transaction of the end.
   */
  note({ seq, receiver, version }: End, how: 'exhausted' | 'replayed'): void {
    const { sql } = this.#deps;
    if (channelOfReceiver(receiver) === null) return;
    // Without the table no webhook of the thread was ever given up.
    if (how === 'replayed' && !hasTable(sql, 'webhook_ends')) return;
    makeTable(sql, 'webhook_ends');
    sql.exec('INSERT OR REPLACE INTO webhook_ends (seq, receiver, version) VALUES (?, ?, ?)', seq, receiver, version);
    this.#isLeft = true;
  }

  /** Whether all messages show what has become of their webhooks. */
  get isSettled(): boolean {
    this.#isLeft ??= this.#next() !== null;
    return !this.#isLeft;
  }

  /** Goes on with the rows that are left, unless that has just failed. Never rejects. */
  run(): Promise<void> {
    return this.isSettled ? Promise.resolve() : this.#run.begin(() => this.#settleAll());
  }

  /** Does the same after the present call. */
  runLater(): void {
    if (!this.isSettled) this.#deps.background(this.run());
  }

  async #settleAll(): Promise<void> {
    const { sql, timers } = this.#deps;
    for (let end = this.#next(); end !== null; end = this.#next()) {
      await this.#settle(end);
      // Another webhook of the event may have ended meanwhile.
      sql.exec('DELETE FROM webhook_ends WHERE seq = ? AND version = ?', end.seq, end.version);
    }
    this.#isLeft = false;
    timers.clear(ENDS_TIMER);
  }

  async #settle({ seq, receiver }: End): Promise<void> {
    const { sql, execute } = this.#deps;
    const event = readAddedAt(sql, seq);
    const outcome = event === null ? null : readOutcome(sql, event, receiver);
    if (event === null || outcome === null) return;
    const { chat_id, message } = event;
    const command = { v: 1, type: 'note_webhooks', command_id: newCommandId(), chat_id } as const;
    const { result } = await execute({ ...command, message_id: message.id, given_up: outcome.given_up });
    if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
  }

  #next(): End | null {
    const { sql } = this.#deps;
    if (!hasTable(sql, 'webhook_ends')) return null;
    return sql.exec<End>('SELECT seq, receiver, version FROM webhook_ends ORDER BY seq LIMIT 1').toArray()[0] ?? null;
  }
}

type Ended = {
  status: DeliveryStatus;
  attempt_count: number;
  last_status: number | null;
  last_error: string | null;
  was_delivered: number;
};

/**
 * What became of the webhooks of a message: one was given up (its reason), or all were delivered (null). Null while neither
 * is so. What the receiver has once accepted is not lost when a further replay fails.
 */
function readOutcome(
  sql: SqlStorage,
  { at, seq }: MessageAdded,
  receiver: Receiver,
): { given_up: { reason: string } | null } | null {
  // Ids begin with the time of the event.
  const ended = sql
    .exec<Ended>(
      `SELECT status, attempt_count, last_status, last_error,
         first_attempt IS NOT NULL OR EXISTS (SELECT 1 FROM attempts WHERE delivery_id = deliveries.id
           AND attempt ->> '$.status' BETWEEN 200 AND 299 AND attempt ->> '$.error' IS NULL) AS was_delivered
       FROM deliveries WHERE id >= ? AND id < ? AND receiver = ? AND seq = ?`,
      firstUuidAt(at),
      firstUuidAt(at + 1),
      receiver,
      seq,
    )
    .toArray();
  const isMissing = ({ was_delivered }: Ended) => was_delivered === 0;
  const lost = ended.find((each) => each.status === 'exhausted' && isMissing(each));
  if (lost !== undefined) return { given_up: { reason: reasonOf(lost) } };
  return ended.length > 0 && !ended.some(isMissing) ? { given_up: null } : null;
}

/** Why a webhook was given up, as members of the chat read it. It quotes nothing of the receiver's answer. */
function reasonOf({ attempt_count, last_status, last_error }: Ended): string {
  const attempts = attempt_count === 1 ? '1 attempt' : `${attempt_count} attempts`;
  return `the webhook was given up after ${attempts}: ${last_error ?? `status ${last_status}`}`;
}
