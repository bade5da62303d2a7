import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigurationRefused } from './configuration.ts';

/** The part of a local hub's demo.json that this application uses. */
type Demo = { base_url: string; organization_id: string; room_id: string; settings_token: string };

/**
 * The environment for a hub that `npm start` runs on this machine, from the demo.json in its store. Writes it to
 * `path`, readable only by the owner. The webhook secret and other lines of the file stay. Throws
 * `ConfigurationRefused` without such a hub.
 */
export function writeLocalEnvironment(demoPath: string, path: string): Record<string, string | undefined> {
  const demo = readDemo(demoPath);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const hub: Record<string, string> = {
    HUB_URL: demo.base_url,
    HUB_ORGANIZATION_ID: demo.organization_id,
    HUB_ROOM_ID: demo.room_id,
    HUB_API_TOKEN: demo.settings_token,
  };
  if (parseEnv(before)['WEBHOOK_SECRET'] === undefined) hub['WEBHOOK_SECRET'] = randomBytes(32).toString('hex');
  // Other lines are copied unchanged, because no quoting fits every value.
  const kept = before.split('\n').filter((line) => line !== '' && !Object.hasOwn(hub, line.split('=')[0] ?? ''));
  const text = [...kept, ...Object.entries(hub).map(([name, value]) => `${name}='${value}'`), ''].join('\n');
  // The mode applies only to a new file.
  if (existsSync(path)) chmodSync(path, 0o600);
  writeFileSync(path, text, { mode: 0o600 });
  return parseEnv(text);
}

function readDemo(path: string): Demo {
  if (!existsSync(path))
    throw new ConfigurationRefused(`There is no ${path} yet: npm start writes it when the hub runs.`);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Demo;
  } catch (error) {
    throw new ConfigurationRefused(`${path} is not the demo.json of a hub: ${(error as Error).message}.`);
  }
}
