import { DurableObject } from 'cloudflare:workers';
import { noCost } from '../db/cost.ts';
import { openIdentityDatabase } from '../db/database.ts';
import { addStoredBytes } from '../directory/organizations.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { dayOf } from '../resources/clock.ts';
import type { ProjectorStub } from '../rpc/projector.ts';
import {
  BATCH_VERSION,
  type BatchResult,
  FILES_BATCH_VERSION,
  type RebuildStart,
  type ReplicaBatch,
} from '../rpc/projector.ts';
import { emptyingTransactions } from './rebuild-statements.ts';
import { StorageMeter } from './storage-meter.ts';
import { runTransaction, StoreWriter } from './store-writer.ts';
import { hasRowsFor, type ReplicaStore } from './write-batches.ts';

/** Limit of the buffer in bytes of UTF-8. Above it a projector answers `busy`. */
const BUFFER_BYTES = 8_000_000;

/**
 * Writes the batches of many threads to their D1 database, and the rows of deliveries to the database of the delivery
 * log. Neither waits for the other. It stores nothing: a batch that was not acknowledged is sent again.
 */
export class ProjectorObject extends DurableObject<Env> implements ProjectorStub {
  readonly #writers = new Map<ReplicaStore, StoreWriter>();
  readonly #meter = new StorageMeter({
    add: (organizationId, bytes) =>
      addStoredBytes(openIdentityDatabase(this.env, noCost()), organizationId, dayOf(Date.now()), bytes),
    background: (work) => this.ctx.waitUntil(work),
    random: () => Math.random(),
  });
  #buffered = 0;

  /**
   * Writes batches of any threads into the D1 database of a binding, and into the delivery log. Answers for each batch,
   * in order, when D1 has all of it or has refused it.
   */
  write(database: string, batches: readonly ReplicaBatch[]): Promise<BatchResult[]> {
    return Promise.all(batches.map((batch) => this.#take(database, batch)));
  }

  async #take(database: string, batch: ReplicaBatch): Promise<BatchResult> {
    if (batch.v !== BATCH_VERSION && batch.v !== FILES_BATCH_VERSION) return { ok: false, reason: 'other_version' };
    if (this.#buffered > 0 && this.#buffered + batch.size > BUFFER_BYTES) return { ok: false, reason: 'busy' };
    this.#buffered += batch.size;
    try {
      if (batch.rebuild !== undefined) await this.#empty(database, batch.thread, batch.rebuild);
      const stores = (['copy', 'deliveries'] as const).filter((store) => hasRowsFor(batch, store));
      const result = sumOf(await Promise.all(stores.map((store) => this.#writer(database, store).write(batch))));
      if (result.ok && batch.organization_id !== undefined) this.#meter.count(batch.organization_id, batch.size);
      return result;
    } catch (error) {
      writeLog('error', 'projection_failed', { reason: 'failed', threads: [batch.thread], error: errorText(error) });
      return { ok: false, reason: 'failed' };
    } finally {
      this.#buffered -= batch.size;
    }
  }

  /** Deletes a thread's rows in portions, so that batches of other threads are written in between. */
  async #empty(database: string, thread: string, rebuild: RebuildStart): Promise<void> {
    const d1 = d1Of(this.env, database);
    for (const transaction of emptyingTransactions(thread, rebuild)) {
      for (;;) {
        const results = await runTransaction(d1, transaction);
        if (results.every(({ meta }) => meta.changes === 0)) break;
      }
    }
  }

  /** The object's name contains its database, so it never has another one. */
  #writer(database: string, store: ReplicaStore): StoreWriter {
    const writer =
      this.#writers.get(store) ??
      new StoreWriter({
        d1: store === 'copy' ? d1Of(this.env, database) : this.env.DELIVERY_LOG,
        store,
        background: (work) => this.ctx.waitUntil(work),
        crash: () => this.ctx.abort('fault: projector'),
      });
    this.#writers.set(store, writer);
    return writer;
  }
}

/** The result of a batch that went to several databases: it is written when all of them have their part. */
function sumOf(parts: readonly BatchResult[]): BatchResult {
  const share = { trips: 0, rowsRead: 0, rowsWritten: 0, milliseconds: 0 };
  for (const part of parts) {
    if (!part.ok) return part;
    share.trips += part.share.trips;
    share.rowsRead += part.share.rowsRead;
    share.rowsWritten += part.share.rowsWritten;
    share.milliseconds += part.share.milliseconds;
  }
  return { ok: true, share };
}

function d1Of(env: Env, name: string): D1Database {
  const binding = (env as unknown as Record<string, unknown>)[name];
  if (typeof binding !== 'object' || binding === null) throw new Error(`no D1 binding named ${name}`);
  return binding as D1Database;
}
