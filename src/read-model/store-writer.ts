import { fault } from '../platform/faults.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { BatchResult, ReplicaBatch } from '../rpc/projector.ts';
import type { ReplicaStatement } from './rebuild-statements.ts';
import { type ReplicaStore, statementsFor } from './write-batches.ts';

/**
 * After a transaction a writer lingers, unless enough has come meanwhile: under load the next threads are a moment away, and a
 * transaction for each of them costs ten times the row. ms.
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

/** Writes batches into one database: idle, at once; busy, what came while the last transaction ran, and in the moment after it, as the next one. */
export class StoreWriter {
  readonly #deps: WriterDeps;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  /** Writes what the batch has for this database. Never rejects. */
  write(batch: ReplicaBatch): Promise<BatchResult> {
    const written = new Promise<BatchResult>((answer) => this.#waiting.push({ batch, answer }));
    if (!this.#isRunning) this.#deps.background(this.#run());
    return written;
  }

  /** Runs transaction after transaction until nothing waits. Never rejects: a failed transaction must not block the next one. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // All batches of a call are there before the first transaction is taken.
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
    // A row of one batch spoils the others' transaction: once more, a transaction for each batch.
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

/** Each batch pays for its rows in each statement, and an equal part of the trip. */
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

/** Errors that come from the rows themselves; all others are the database's and concern every thread of the transaction. */
function isRowError(error: unknown): boolean {
  const message = error instanceof Error ? error.message : '';
  return /SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|D1_TYPE_ERROR|malformed JSON|string or blob too big/i.test(message);
}
