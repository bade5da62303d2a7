import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';
import { makeFolder } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

test('npm run dev uses the store of npm start with its tables, and locks the store against npm start', async () => {
  const folder = await makeFolder();
  const port = await freePort();
  const dev = runScript('scripts/dev.ts', ['--port', String(port), '--persist-to', folder]);
  try {
    await dev.waitForOutput(`Ready on http://127.0.0.1:${port}`);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const second = runScript('scripts/start.ts', ['--port', String(await freePort()), '--persist-to', folder]);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`The store ${folder} is in use by another hub`);
  } finally {
    dev.kill('SIGTERM');
    await dev.ended;
    await rm(folder, { recursive: true, force: true });
  }
}, 240_000);
