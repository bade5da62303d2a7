import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Demo, readDemo } from '../scripts/demo-file.ts';
import { freePort } from '../scripts/free-port.ts';
import { projectPath, projectRoot } from '../scripts/project.ts';
import { runtimeOn } from './runtime-cpu.ts';
import { inFolder } from './servers.ts';
import type { Server } from './targets.ts';

/** Time (ms) in which a hub builds and seeds its store, even on a busy machine. */
const START_PATIENCE = 180_000;

/** Runs `use` against the hub of another commit, which its `scripts/start.ts` builds and starts in a worktree. */
export function withHubOf<Result>(
  commit: string,
  use: (demo: Demo, server: Server) => Promise<Result>,
): Promise<Result> {
  return inFolder(async (folder) => {
    const worktree = join(folder, 'worktree');
    const git = (...parts: string[]) =>
      execFileSync('git', parts, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'inherit'] });
    git('worktree', 'add', '--detach', worktree, commit);
    try {
      provideModules(worktree);
      return await runHub(worktree, join(folder, 'store'), join(folder, 'log'), use);
    } finally {
      git('worktree', 'remove', '--force', worktree);
    }
  });
}

/** The installed packages, if they are those of the commit. */
function provideModules(worktree: string): void {
  const lock = 'package-lock.json';
  if (readFileSync(join(worktree, lock), 'utf8') === readFileSync(projectPath(lock), 'utf8')) {
    symlinkSync(projectPath('node_modules'), join(worktree, 'node_modules'));
  } else execFileSync('npm', ['ci'], { cwd: worktree, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function runHub<Result>(
  worktree: string,
  store: string,
  logFile: string,
  use: (demo: Demo, server: Server) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const log = openSync(logFile, 'w');
  const hub = spawn(process.execPath, ['scripts/start.ts', '--port', String(port), '--persist-to', store], {
    cwd: worktree,
    // The hub must use its own runtime, not the one set for this process.
    env: { ...process.env, HUB_RUNTIME: undefined, MINIFLARE_WORKERD_PATH: undefined, SERVER_TIMING: '0' },
    stdio: ['ignore', log, log],
  });
  const ended = new Promise<void>((resolve) => hub.once('exit', () => resolve()));
  try {
    const until = Date.now() + START_PATIENCE;
    // The introduction is printed last, after the demo was seeded.
    while (!readFileSync(logFile, 'utf8').includes('The hub runs on')) {
      if (hub.exitCode !== null || Date.now() > until) {
        throw new Error(`the hub of the other commit did not start:\n${readFileSync(logFile, 'utf8')}`);
      }
      await setTimeout(100);
    }
    const demo = existsSync(store) ? await readDemo(store) : null;
    if (demo === null) throw new Error('the hub of the other commit was not seeded');
    return await use(demo, { port, runtime: runtimeOn(store) });
  } finally {
    hub.kill('SIGTERM');
    await ended;
  }
}
