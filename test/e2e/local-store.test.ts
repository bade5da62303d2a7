import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
import { startHub } from '../../scripts/local-hub.ts';
import { projectPath } from '../../scripts/project.ts';

test('the local store does not depend on database ids in wrangler.toml, which wrangler itself offers to add', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umi-store-'));
  const deployed = join(folder, 'wrangler.toml');
  const toml = await readFile(projectPath('wrangler.toml'), 'utf8');
  const changed = toml.replaceAll(/^database_name = .*/gm, '$&\ndatabase_id = "11111111-2222-4333-8444-555555555555"');
  expect(changed).toContain('database_id = "11111111-2222-4333-8444-555555555555"');
  await writeFile(deployed, changed);
  const databasesOf = (path: string) => workerOptionsOf(path).workerOptions.d1Databases;
  expect(databasesOf(deployed)).toEqual({ DB: { id: 'umi-local' }, DELIVERY_LOG: { id: 'umi-local' } });
  expect(databasesOf(projectPath('wrangler.toml'))).toEqual(databasesOf(deployed));
  await rm(folder, { recursive: true });
});

test('a store is asked for its migrations once, and again when its databases or the note of it are gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umi-store-'));
  const variables = { SECRETS_KEY: randomBytes(32).toString('base64') };
  /** Whether a start has applied migrations. */
  async function start(): Promise<boolean> {
    const steps: string[] = [];
    const hub = await startHub({ persistTo: folder, variables, step: (what) => steps.push(what) });
    try {
      const answer = await fetch(`${hub.url}/healthz`);
      expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })]);
    } finally {
      await hub.stop();
    }
    return steps.includes('Applying the migrations');
  }
  expect([await start(), await start()]).toEqual([true, false]);
  await rm(join(folder, 'state/migrated.txt'));
  expect([await start(), await start()]).toEqual([true, false]);
  await rm(join(folder, 'state/v3/d1'), { recursive: true });
  expect(await start()).toBe(true);
  await rm(folder, { recursive: true });
});
