import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder } from '../support/local/hub.ts';
import { runScript } from '../support/local/script-process.ts';

const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
const named = Object.entries(scripts).flatMap(([name, line]) => {
  const file = /\S+\.ts$/.exec(line)?.[0];
  return line.includes('node --import ./scripts/check-install.js') && file !== undefined ? [[name, file] as const] : [];
});
const typed = (name: string) => (name === 'start' || name === 'test' ? `npm ${name}` : `npm run (--silent )?${name}`);

test('every npm script that runs here is checked', () => {
  const others = ['format', 'lint', 'types'];
  expect(named.map(([name]) => name).sort()).toEqual(
    Object.keys(scripts)
      .filter((name) => !others.includes(name))
      .sort(),
  );
});

test.each(named)('npm run %s has a help, and refuses an unknown option in one line', async (name, file) => {
  const help = runScript(file, ['--help']);
  const wrong = runScript(file, ['--no-such-option']);
  expect(await help.ended).toBe(0);
  expect(help.output()).toMatch(new RegExp(`^Usage: ${typed(name)}`));
  expect(await wrong.ended).toBe(2);
  expect(wrong.output()).toMatch(new RegExp(`^Unknown option '--no-such-option'\\. .*${typed(name)}.*\\n$`));
});

describe('a path that cannot be used is refused in one line', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await makeFolder();
    file = join(folder, 'file');
    await writeFile(file, 'no folder');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function refusalOf(script: string, args: readonly string[], variables: Record<string, string> = {}) {
    const refused = runScript(script, args, variables);
    expect(await refused.ended).not.toBe(0);
    return refused.output();
  }

  // Node's own recursive mkdir never comes back from there.
  test.each(['scripts/start.ts', 'scripts/dev.ts'])('%s on a folder that nobody can make', async (script) => {
    const output = await refusalOf(script, ['--persist-to', '/proc/x']);
    expect(output).toMatch(/^\/proc\/x cannot be the folder of a store: .+\.\n$/);
  });

  test('scripts/demo.ts on a file in place of a folder', async () => {
    const output = await refusalOf('scripts/demo.ts', ['--base-url', 'http://127.0.0.1:1', '--persist-to', file]);
    expect(output).toMatch(/^There is no demo\.json in .*\n$/);
  });

  test.each([
    ['scripts/graph.ts', ['--in', '/nowhere'], '--in takes a checkout of the project; /nowhere has no src.'],
    ['scripts/deploy.ts', ['--record', '/nowhere/file'], '--record /nowhere/file cannot be written (ENOENT).'],
    ['scripts/rebuild.ts', ['--ids', '/nowhere'], '--ids /nowhere cannot be read (ENOENT).'],
    ['scripts/rebuild.ts', ['--ids', '/tmp'], '--ids /tmp cannot be read (EISDIR).'],
  ])('%s %j', async (script, args, line) => {
    expect(await refusalOf(script, args, { UMI_ADMIN_TOKEN: 'none' })).toBe(`${line}\n`);
  });

  test('the example names the setting of its database', async () => {
    const path = join(folder, 'nowhere', 'chat.sqlite');
    const named = { HUB_URL: 'http://127.0.0.1:1', HUB_ORGANIZATION_ID: 'o', HUB_ROOM_ID: 'r', HUB_API_TOKEN: 't' };
    const variables = { ...named, WEBHOOK_SECRET: 's', STORE_PATH: path };
    const line = `STORE_PATH ${path} cannot be the database: unable to open database file.\n`;
    expect(await refusalOf('examples/third-party-chat/server.ts', [], variables)).toBe(line);
  });
});

test('an option that npm took for itself does not start the hub on the default port', async () => {
  const script = runScript('scripts/start.ts', ['8797'], { npm_lifecycle_event: 'start', npm_config_port: 'true' });
  expect(await script.ended).toBe(2);
  expect(script.output()).toContain('npm start -- --port 8797');
});
