import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { randomSecret, SHORTEST_ADMIN_TOKEN } from '../src/platform/secrets.ts';
import { newUuid } from '../src/resources/uuid.ts';
import { isStoreEmpty } from './admin-client.ts';
import {
  createDemoOrganizations,
  type DemoIds,
  type DemoOrganizations,
  rpcUrl,
  threadsUrl,
} from './demo-organizations.ts';
import { StartRefused } from './store-folder.ts';

/** The content of `demo.json` in a store's folder. */
export type Demo = { base_url: string; admin_token: string } & DemoOrganizations;

/** Reads a store's demo.json; null when there is none. Throws `StartRefused` when it cannot be read. */
export async function readDemo(folder: string): Promise<Demo | null> {
  const text = await readOrNull(join(folder, 'demo.json'));
  if (text === null) return null;
  try {
    return JSON.parse(text) as Demo;
  } catch {
    throw new StartRefused(
      `${join(folder, 'demo.json')} is no JSON. Without it the store's ids and tokens are not known.`,
    );
  }
}

/** The admin token of a store whose folder is there: 256 random bits, made at the first start, readable by its owner only. */
export async function adminTokenOf(folder: string): Promise<string> {
  const path = join(folder, 'admin-token');
  const existing = (await readOrNull(path))?.trim();
  if (existing !== undefined && existing !== '') {
    if (existing.length >= SHORTEST_ADMIN_TOKEN) return existing;
    const least = `at least ${SHORTEST_ADMIN_TOKEN} characters`;
    throw new StartRefused(`The admin token in ${path} must have ${least}. Delete the file to get a new one.`);
  }
  const token = randomSecret();
  await writeWhole(path, `${token}\n`);
  return token;
}

/** The file of a store with the secrets of its Worker, as lines NAME=value. */
export function secretsFile(folder: string): string {
  return join(folder, 'secrets.env');
}

/**
 * The settings in a store's file of secrets, whose folder is there. SECRETS_KEY is made at the first start; a person may
 * replace it and add SECRETS_KEY_PREVIOUS. Readable by its owner only. Without it nobody can read the store's secrets.
 */
export async function secretsOf(folder: string): Promise<Record<string, string>> {
  const path = secretsFile(folder);
  const existing = await readOrNull(path);
  if (existing !== null) {
    const secrets = parseEnv(existing) as Record<string, string>;
    if (secrets['SECRETS_KEY'] !== undefined) return secrets;
    throw new StartRefused(`${path} has no SECRETS_KEY. Without it the store's secrets cannot be read.`);
  }
  const SECRETS_KEY = randomSecret();
  await writeWhole(path, `SECRETS_KEY=${SECRETS_KEY}\n`);
  return { SECRETS_KEY };
}

/** The file that is there while a store is seeded. */
const seedingMark = (folder: string) => join(folder, 'demo.seeding');

/** Stores of earlier versions know no settings user. */
type KnownDemo = { ids: Omit<DemoIds, 'settings_user_id'> & Partial<DemoIds>; isNew: boolean };

/** The ids that a store's demo has, or will have when it is seeded. `isNew`: it is not seeded yet. */
export async function demoIdsOf(folder: string): Promise<KnownDemo> {
  const known = (await readOrNull(seedingMark(folder))) === null ? await readDemo(folder) : null;
  if (known !== null) {
    const { organization_id, agent, agent2, settings_user_id } = known as Omit<Demo, 'settings_user_id'> &
      Partial<Demo>;
    const settings = settings_user_id === undefined ? {} : { settings_user_id };
    return { ids: { organization_id, agent_id: agent.id, agent2_id: agent2.id, ...settings }, isNew: false };
  }
  const newId = () => newUuid(Date.now());
  const ids = { organization_id: newId(), settings_user_id: newId(), agent_id: newId(), agent2_id: newId() };
  return { ids, isNew: true };
}

/**
 * Makes demo.json agree with a running hub: seeds the demo organizations when its store is empty or when an earlier
 * seeding was cut short, with these ids, else only writes the current URL into the file. Null when the store has organizations of its
 * own.
 */
export async function provideDemo(
  folder: string,
  baseUrl: string,
  adminToken: string,
  ids: Partial<DemoIds>,
): Promise<Demo | null> {
  const mark = seedingMark(folder);
  const isUnfinished = (await readOrNull(mark)) !== null;
  if (isUnfinished || (await isStoreEmpty(baseUrl, adminToken))) {
    await writeWhole(mark, '');
    const organizations = await createDemoOrganizations(baseUrl, adminToken, null, ids);
    const demo = { base_url: baseUrl, admin_token: adminToken, ...organizations };
    await writeDemo(folder, demo);
    await rm(mark, { force: true });
    return demo;
  }
  const known = await readDemo(folder);
  if (known === null) return null;
  const demo = { ...known, base_url: baseUrl, admin_token: adminToken, ...interfacesAt(known, baseUrl) };
  await writeDemo(folder, demo);
  return demo;
}

/** The interfaces at the hub's present URL. Stores from before they existed have none. */
function interfacesAt({ rpc, threads }: Partial<Demo>, baseUrl: string) {
  return {
    ...(rpc === undefined ? {} : { rpc: { ...rpc, url: rpcUrl(baseUrl) } }),
    ...(threads === undefined ? {} : { threads: { ...threads, url: threadsUrl(baseUrl) } }),
  };
}

function writeDemo(folder: string, demo: Demo): Promise<void> {
  return writeWhole(join(folder, 'demo.json'), `${JSON.stringify(demo, null, 2)}\n`);
}

/** Writes a secret file atomically: completely or not at all. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new StartRefused(`${path} cannot be read: ${code ?? String(error)}.`);
  }
}
