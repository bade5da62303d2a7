import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The part of a local hub's demo.json that this application uses. */
type Demo = { base_url: string; organization_id: string; room_id: string; settings_token: string };

/**
 * The environment for a hub that `npm start` runs on this machine, from the demo.json in its store. Writes it to `path`, readable by the
 * owner only; the webhook secret and what else stands there stay.
 */
export function writeLocalEnvironment(demoPath: string, path: string): Record<string, string | undefined> {
  const demo = JSON.parse(readFileSync(demoPath, 'utf8')) as Demo;
  const before = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
  const environment = {
    ...before,
    HUB_URL: demo.base_url,
    HUB_ORGANIZATION_ID: demo.organization_id,
    HUB_ROOM_ID: demo.room_id,
    HUB_API_TOKEN: demo.settings_token,
    WEBHOOK_SECRET: before['WEBHOOK_SECRET'] ?? randomBytes(32).toString('hex'),
  };
  const lines = Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return environment;
}
