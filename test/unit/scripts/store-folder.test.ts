import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adminTokenOf, readDemo, secretsOf } from '../../../scripts/demo-file.ts';
import { makeStoreFolder, StartRefused } from '../../../scripts/store-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umi-folder-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the folder of a store', () => {
  test('is made with all that is above it, may be there already, and stays empty but for the state', async () => {
    const path = join(folder, 'a', 'b');
    await Promise.all([makeStoreFolder(path), makeStoreFolder(path)]);
    await makeStoreFolder(path);
    expect(await readdir(path)).toEqual(['state']);
    expect(await readdir(join(path, 'state'))).toEqual([]);
  });

  // Node's own recursive mkdir never comes back from /proc.
  test.each(['/proc/x', '/proc/x/y', '/proc'])('is not %s', async (path) => {
    await expect(makeStoreFolder(path)).rejects.toThrow(`${path} cannot be the folder of a store: `);
  });

  test('is no file, does not stand below one, and has none in place of its state', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await mkdir(join(folder, 'store'));
    await writeFile(join(folder, 'store', 'state'), '');
    for (const path of [file, join(file, 'below'), join(folder, 'store')]) {
      const refusal = new StartRefused(`${path} cannot be the folder of a store: a file is in its place.`);
      await expect(makeStoreFolder(path)).rejects.toEqual(refusal);
    }
  });

  test('can be written; root may write anywhere', async () => {
    const path = join(folder, 'read-only');
    await mkdir(path, { mode: 0o500 });
    const made = makeStoreFolder(path);
    if (process.getuid?.() === 0) await expect(made).resolves.toBeUndefined();
    else await expect(made).rejects.toThrow('it cannot be written (EACCES).');
  });
});

test('an admin-token or demo.json that cannot be read is a refusal', async () => {
  await mkdir(join(folder, 'admin-token'));
  const path = join(folder, 'admin-token');
  await expect(adminTokenOf(folder)).rejects.toEqual(new StartRefused(`${path} cannot be read: EISDIR.`));
  await rm(path, { recursive: true });
  await writeFile(path, `${'x'.repeat(31)}\n`);
  await expect(adminTokenOf(folder)).rejects.toThrow('must have at least 32 characters');
  await writeFile(path, `${'x'.repeat(32)}\n`);
  expect(await adminTokenOf(folder)).toBe('x'.repeat(32));
  await writeFile(join(folder, 'demo.json'), '{');
  await expect(readDemo(folder)).rejects.toThrow(/demo\.json is no JSON\./);
  expect(await readDemo(join(folder, 'elsewhere'))).toBeNull();
});

test('a store keeps its SECRETS_KEY; what a person adds to the file counts, and a file without the key is a refusal', async () => {
  const store = join(folder, 'secrets');
  await mkdir(store);
  const made = await secretsOf(store);
  expect(made).toEqual({ SECRETS_KEY: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await secretsOf(store)).toEqual(made);
  await writeFile(join(store, 'secrets.env'), `SECRETS_KEY=new\nSECRETS_KEY_PREVIOUS=${made['SECRETS_KEY']}\n`);
  expect(await secretsOf(store)).toEqual({ SECRETS_KEY: 'new', SECRETS_KEY_PREVIOUS: made['SECRETS_KEY'] });
  await writeFile(join(store, 'secrets.env'), '');
  await expect(secretsOf(store)).rejects.toThrow(/secrets\.env has no SECRETS_KEY/);
});
