import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Demo } from '../scripts/demo-file.ts';
import { type DemoHub, type DemoHubOptions, startDemoHub } from '../scripts/demo-hub.ts';
import { startWorker } from '../scripts/local-worker.ts';
import type { LogLine } from '../scripts/runtime.ts';
import { runtimeOn } from './runtime-cpu.ts';
import type { Server } from './targets.ts';

export type MeasuredHub = { hub: DemoHub; demo: Demo; server: Server };

/** Runs `use` in a new folder and deletes the folder afterwards. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'umi-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `use` against a new hub with an empty store. */
export function withHub<Result>(
  options: Omit<DemoHubOptions, 'persistTo'>,
  use: (hub: MeasuredHub) => Promise<Result>,
): Promise<Result> {
  return inFolder(async (persistTo) => {
    const hub = await startDemoHub({ log: complain, ...options, persistTo });
    try {
      if (hub.demo === null) throw new Error('a new store was not seeded');
      return await use({ hub, demo: hub.demo, server: { port: hub.port, runtime: runtimeOn(persistTo) } });
    } finally {
      await hub.stop();
    }
  });
}

/** Runs `use` against a new Worker of the raw floors, with its own socket like the hub. */
export function withFloors<Result>(use: (server: Server) => Promise<Result>, receiverUrl = ''): Promise<Result> {
  return inFolder(async (persistTo) => {
    const floors = await startWorker({
      from: { config: 'bench/floors.toml', sources: ['bench/floors.toml', 'bench/floors.ts', 'package-lock.json'] },
      persistTo,
      variables: { RECEIVER: receiverUrl },
      log: complain,
    });
    try {
      return await use({ port: floors.port, runtime: runtimeOn(persistTo) });
    } finally {
      await floors.stop();
    }
  });
}

function complain({ level, message }: LogLine): void {
  if (level === 'error' || level === 'warn') process.stderr.write(`${message}\n`);
}
