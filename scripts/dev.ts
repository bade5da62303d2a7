/**
 * `npm run dev`: `wrangler dev` on the store of `npm start`, with its tables. Only one of them uses the store at a
 * time.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readCommandLine } from './command-line.ts';
import { secretsFile, secretsOf } from './demo-file.ts';
import { migrateStore } from './local-worker.ts';
import { projectPath, projectRoot } from './project.ts';
import { guardedRuntime } from './runtime.ts';
import { makeStoreFolder, StartRefused, statePaths } from './store-folder.ts';
import { waitForStore } from './store-owner.ts';
import { buildWorker } from './worker-build.ts';
import { QUIET } from './wrangler-command.ts';

const { port = 8787, 'persist-to': persistTo = '.wrangler' } = readCommandLine({
  run: 'npm run dev',
  does: 'Runs wrangler dev on the store of npm start: it rebuilds whenever a source changes. ADMIN_TOKEN is in .dev.vars.',
  options: {
    port: { takes: 'PORT', from: 1, upTo: 65_535, says: 'port of 127.0.0.1, 8787 by default' },
    'persist-to': { takes: 'DIR', says: 'folder of the store, .wrangler by default' },
  },
});

/** Resolves with wrangler's exit code. */
function wranglerDev(state: string, pidFile: string): Promise<number> {
  const wrangler = projectPath('node_modules/wrangler/bin/wrangler.js');
  const args = [
    'dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--persist-to',
    state,
    '--var',
    `RATE_LIMITS:${process.env['RATE_LIMITS'] ?? '0'}`,
    // Files, because other users can see arguments. Wrangler reads .dev.vars only if no file is named.
    ...[projectPath('.dev.vars'), resolve(secretsFile(persistTo))]
      .filter(existsSync)
      .flatMap((file) => ['--env-file', file]),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [wrangler, ...args], {
      cwd: projectRoot,
      env: { ...process.env, ...QUIET, ...guardedRuntime(), HUB_RUNTIME_PID_FILE: pidFile },
      stdio: 'inherit',
    });
    // Ctrl-C reaches wrangler too, which then ends by itself.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

try {
  await makeStoreFolder(persistTo);
  const { state, pidFile } = statePaths(persistTo);
  await waitForStore(persistTo);
  await secretsOf(persistTo);
  const { configuration } = await buildWorker();
  await migrateStore(persistTo, configuration);
  process.exitCode = await wranglerDev(state, pidFile);
} catch (error) {
  process.stderr.write(error instanceof StartRefused ? `${error.message}\n` : `${String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
