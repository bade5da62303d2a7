import { fault } from '../platform/faults.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { BatchResult, ReplicaBatch } from '../rpc/projector.ts';
import type { ReplicaStatement } from './rebuild-statements.ts';
import { type ReplicaStore, statementsFor } from './write-batches.ts';

/**
 * Pause (ms) after a transaction, unless enough batches are waiting. Under load more threads follow at once, and a
 * transaction for each costs ten times as much as a row of a shared one.
 */
const LINGER = 2;
const ENOUGH_TO_WRITE = 8;

export type WriterDeps = {
  d1: D1Database;
  store: ReplicaStore;
  background: (work: Promise<unknown>) => void;
  crash: () => void;
};

type Waiting = { batch: ReplicaBatch; answer: (written: BatchResult) => void };
type BatchCost = Extract<BatchResult, { ok: true }>['share'];

/**
 * Writes batches into one database. When idle it writes at once; when busy, the next transaction takes everything that
 * came during the last one.
 */
export class StoreWriter {
  readonly #deps: WriterDeps;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  /** Writes the batch's rows of this database. Never rejects. */
  write(batch: ReplicaBatch): Promise<BatchResult> {
    const written = new Promise<BatchResult>((answer) => this.#waiting.push({ batch, answer }));
    if (!this.#isRunning) this.#deps.background(this.#run());
    return written;
  }

  /** Runs transactions until no batch waits. Never rejects: a failed transaction must not block the next. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // Lets all batches of one call arrive before the first transaction starts.
    await null;
    try {
      while (this.#waiting.length > 0) {
        const taken = this.#waiting;
        this.#waiting = [];
        const answers = await this.#writeTogether(taken.map(({ batch }) => batch));
        for (const [place, { answer }] of taken.entries()) answer(answers[place] ?? { ok: false, reason: 'failed' });
        if (this.#waiting.length < ENOUGH_TO_WRITE) await scheduler.wait(LINGER);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #writeTogether(batches: ReplicaBatch[]): Promise<BatchResult[]> {
    try {
      return await this.#writeOnce(batches);
    } catch (error) {
      if (!isRowError(error)) return refuseAll(batches, 'failed', error);
      if (batches.length === 1) return refuseAll(batches, 'rejected', error);
    }
    // A row of one batch has failed the transaction of all. Try again with a transaction for each batch.
    const answers: BatchResult[] = [];
    for (const batch of batches) {
      try {
        answers.push(...(await this.#writeOnce([batch])));
      } catch (error) {
        answers.push(...refuseAll([batch], isRowError(error) ? 'rejected' : 'failed', error));
      }
    }
    return answers;
  }

  async #writeOnce(batches: ReplicaBatch[]): Promise<BatchResult[]> {
    fault('projector before D1', this.#deps.crash);
    const { d1, store } = this.#deps;
    const statements = statementsFor(batches, store);
    const started = performance.now();
    const results = await runTransaction(d1, statements);
    const milliseconds = performance.now() - started;
    fault('projector after D1', this.#deps.crash);
    return shareOut(batches.length, statements, results, milliseconds).map((share) => ({ ok: true, share }));
  }
}

/** Runs statements as one trip and one transaction. */
export function runTransaction(d1: D1Database, statements: readonly ReplicaStatement[]): Promise<D1Result[]> {
  return d1.batch(statements.map(({ sql, parameters }) => d1.prepare(sql).bind(...parameters)));
}

/** The cost of each batch: its rows in each statement, and an equal part of the trip. */
function shareOut(
  count: number,
  statements: ReplicaStatement[],
  results: D1Result[],
  milliseconds: number,
): BatchCost[] {
  const shares = Array.from({ length: count }, () => ({
    trips: 1 / count,
    rowsRead: 0,
    rowsWritten: 0,
    milliseconds: milliseconds / count,
  }));
  for (const [index, { carried }] of statements.entries()) {
    const meta = results[index]?.meta;
    if (meta === undefined) continue;
    const total = [...carried.values()].reduce((sum, rows) => sum + rows, 0);
    for (const [place, rows] of carried) {
      const share = shares[place];
      if (share === undefined) continue;
      share.rowsRead += (meta.rows_read * rows) / total;
      share.rowsWritten += (meta.rows_written * rows) / total;
    }
  }
  return shares;
}

function refuseAll(batches: ReplicaBatch[], reason: 'rejected' | 'failed', error: unknown): BatchResult[] {
  const threads = batches.map(({ thread }) => thread);
  writeLog('error', 'projection_failed', { reason, threads, error: errorText(error) });
  return batches.map(() => ({ ok: false, reason }));
}

/**
 * Whether an error comes from the rows themselves. All others come from the database and affect each thread of the
 * transaction.
 */
function isRowError(error: unknown): boolean {
  const message = error instanceof Error ? error.message : '';
  return /SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|D1_TYPE_ERROR|malformed JSON|string or blob too big/i.test(message);
}
