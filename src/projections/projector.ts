import { DurableObject } from 'cloudflare:workers';
import { fault } from '../faults.ts';
import { errorText, writeLog } from '../log.ts';
import type { ProjectorStub } from '../stubs.ts';
import { SLICE_VERSION, type Slice, type Written } from './slice.ts';
import { type SliceStatement, sliceStatements } from './write-slices.ts';

/** Above this many buffered bytes of UTF-8 a projector answers `busy`. */
const BUFFER_BYTES = 8_000_000;

/**
 * After a batch a projector lingers, unless enough has come meanwhile: under load the next threads are a moment away, and a
 * batch for each of them costs ten times the row. ms.
 */
const LINGER = 2;
const ENOUGH_FOR_A_BATCH = 8;

type Waiting = { slice: Slice; answer: (written: Written) => void };
type Share = { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number };

/**
 * Writes hand-overs of many threads to one D1 database (ENGINE 3). Idle, it writes at once; busy, it takes what came while
 * the last batch ran, and in the moment after it, as the next one. It keeps nothing: a thread whose hand-over was not
 * acknowledged sends it again.
 */
export class ProjectorObject extends DurableObject<Env> implements ProjectorStub {
  #waiting: Waiting[] = [];
  #buffered = 0;
  #isRunning = false;

  /** Writes slices into the database of binding `database`; answers for each when D1 has it or has refused it. */
  async write(database: string, slices: readonly Slice[]): Promise<Written[]> {
    return await Promise.all(slices.map((slice) => this.#write(database, slice)));
  }

  async #write(database: string, slice: Slice): Promise<Written> {
    if (slice.v !== SLICE_VERSION) return { ok: false, reason: 'other_version' };
    if (this.#buffered > 0 && this.#buffered + slice.size > BUFFER_BYTES) return { ok: false, reason: 'busy' };
    this.#buffered += slice.size;
    const written = new Promise<Written>((answer) => this.#waiting.push({ slice, answer }));
    if (!this.#isRunning) this.ctx.waitUntil(this.#run(database));
    return await written;
  }

  /** Runs batch after batch until nothing waits. Never rejects: a failed batch must not block the next one. */
  async #run(database: string): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        const answers = await this.#writeBatch(
          database,
          batch.map(({ slice }) => slice),
        );
        for (const [place, { slice, answer }] of batch.entries()) {
          this.#buffered -= slice.size;
          answer(answers[place] ?? { ok: false, reason: 'failed' });
        }
        if (this.#waiting.length < ENOUGH_FOR_A_BATCH) await scheduler.wait(LINGER);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #writeBatch(database: string, slices: Slice[]): Promise<Written[]> {
    try {
      return await this.#writeOnce(database, slices);
    } catch (error) {
      if (!isRowError(error)) return refuseAll(slices, 'failed', error);
      if (slices.length === 1) return refuseAll(slices, 'rejected', error);
    }
    // A row of one thread spoils the others' batch: once more, a batch for each thread.
    const answers: Written[] = [];
    for (const slice of slices) {
      try {
        answers.push(...(await this.#writeOnce(database, [slice])));
      } catch (error) {
        answers.push(...refuseAll([slice], isRowError(error) ? 'rejected' : 'failed', error));
      }
    }
    return answers;
  }

  async #writeOnce(database: string, slices: Slice[]): Promise<Written[]> {
    fault('projector before D1', () => this.ctx.abort('fault: projector before D1'));
    const d1 = d1Of(this.env, database);
    const statements = sliceStatements(slices);
    const started = performance.now();
    const results = await d1.batch(statements.map(({ sql, parameters }) => d1.prepare(sql).bind(...parameters)));
    const milliseconds = performance.now() - started;
    fault('projector after D1', () => this.ctx.abort('fault: projector after D1'));
    return shareOut(slices.length, statements, results, milliseconds).map((share) => ({ ok: true, share }));
  }
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

function d1Of(env: Env, name: string): D1Database {
  const binding = (env as unknown as Record<string, unknown>)[name];
  if (typeof binding !== 'object' || binding === null) throw new Error(`no D1 binding named ${name}`);
  return binding as D1Database;
}
