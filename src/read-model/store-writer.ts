import { fault } from '../platform/faults.ts';
import { errorText, writeLog } from '../platform/log.ts';
import type { Slice, Written } from '../rpc/projector.ts';
import type { SliceStatement } from './rebuild-statements.ts';
import { type SliceStore, sliceStatements } from './write-batches.ts';

/**
 * After a batch a writer lingers, unless enough has come meanwhile: under load the next threads are a moment away, and a
 * batch for each of them costs ten times the row. ms.
 */
const LINGER = 2;
const ENOUGH_FOR_A_BATCH = 8;

export type WriterDeps = {
  d1: D1Database;
  store: SliceStore;
  background: (work: Promise<unknown>) => void;
  crash: () => void;
};

type Waiting = { slice: Slice; answer: (written: Written) => void };
type Share = Extract<Written, { ok: true }>['share'];

/** Writes slices into one database: idle, at once; busy, what came while the last batch ran, and in the moment after it, as the next one. */
export class StoreWriter {
  readonly #deps: WriterDeps;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  /** Writes what the slice has for this database. Never rejects. */
  write(slice: Slice): Promise<Written> {
    const written = new Promise<Written>((answer) => this.#waiting.push({ slice, answer }));
    if (!this.#isRunning) this.#deps.background(this.#run());
    return written;
  }

  /** Runs batch after batch until nothing waits. Never rejects: a failed batch must not block the next one. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // All slices of a call are there before the first batch is taken.
    await null;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        const answers = await this.#writeBatch(batch.map(({ slice }) => slice));
        for (const [place, { answer }] of batch.entries()) answer(answers[place] ?? { ok: false, reason: 'failed' });
        if (this.#waiting.length < ENOUGH_FOR_A_BATCH) await scheduler.wait(LINGER);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #writeBatch(slices: Slice[]): Promise<Written[]> {
    try {
      return await this.#writeOnce(slices);
    } catch (error) {
      if (!isRowError(error)) return refuseAll(slices, 'failed', error);
      if (slices.length === 1) return refuseAll(slices, 'rejected', error);
    }
    // A row of one slice spoils the others' batch: once more, a batch for each slice.
    const answers: Written[] = [];
    for (const slice of slices) {
      try {
        answers.push(...(await this.#writeOnce([slice])));
      } catch (error) {
        answers.push(...refuseAll([slice], isRowError(error) ? 'rejected' : 'failed', error));
      }
    }
    return answers;
  }

  async #writeOnce(slices: Slice[]): Promise<Written[]> {
    fault('projector before D1', this.#deps.crash);
    const { d1, store } = this.#deps;
    const statements = sliceStatements(slices, store);
    const started = performance.now();
    const results = await runBatch(d1, statements);
    const milliseconds = performance.now() - started;
    fault('projector after D1', this.#deps.crash);
    return shareOut(slices.length, statements, results, milliseconds).map((share) => ({ ok: true, share }));
  }
}

/** Runs statements as one trip and one transaction. */
export function runBatch(d1: D1Database, statements: readonly SliceStatement[]): Promise<D1Result[]> {
  return d1.batch(statements.map(({ sql, parameters }) => d1.prepare(sql).bind(...parameters)));
}

/** Each slice pays for its rows in each statement, and an equal part of the trip. */
function shareOut(count: number, statements: SliceStatement[], results: D1Result[], milliseconds: number): Share[] {
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

function refuseAll(slices: Slice[], reason: 'rejected' | 'failed', error: unknown): Written[] {
  const threads = slices.map(({ thread }) => thread);
  writeLog('error', 'projection_failed', { reason, threads, error: errorText(error) });
  return slices.map(() => ({ ok: false, reason }));
}

/** Errors that come from the rows themselves; all others are the database's and concern every thread of the batch. */
function isRowError(error: unknown): boolean {
  const message = error instanceof Error ? error.message : '';
  return /SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)|D1_TYPE_ERROR|malformed JSON|string or blob too big/i.test(message);
}
