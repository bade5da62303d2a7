import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import type { Slice } from '../../../src/rpc/projector.ts';
import { projectorStub } from '../../../src/rpc/projector.ts';

/** Has slices written in one batch, by the projector of the first one's thread, and expects that all of them are. */
export async function writeSlices(slices: readonly Slice[]): Promise<void> {
  const [first] = slices;
  if (first === undefined) return;
  const written = await projectorStub(env, 'DB', first.thread).write('DB', [...slices]);
  expect(written.map((each) => (each.ok ? 'ok' : each.reason))).toEqual(slices.map(() => 'ok'));
}
