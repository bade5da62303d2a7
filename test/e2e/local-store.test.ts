import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler';
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
