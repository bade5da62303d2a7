import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { ReplicaBatch } from '../../../src/rpc/projector.ts';
import { projectorStub } from '../../../src/rpc/projector.ts';

/**
 * Writes batches in one transaction, by the projector of the first batch's thread, and expects that all of them are
 * written.
 */
export async function writeBatches(batches: readonly ReplicaBatch[]): Promise<void> {
  const [first] = batches;
  if (first === undefined) return;
  const written = await projectorStub(env, 'DB', first.thread).write('DB', [...batches]);
  expect(written.map((each) => (each.ok ? 'ok' : each.reason))).toEqual(batches.map(() => 'ok'));
}
