import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runScript } from '../support/local/script-process.ts';

const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
const named = Object.entries(scripts).flatMap(([name, line]) => {
  const file = /\S+\.ts$/.exec(line)?.[0];
  return line.includes('node --import ./scripts/check-install.js') && file !== undefined ? [[name, file] as const] : [];
});
const typed = (name: string) => (name === 'start' || name === 'test' ? `npm ${name}` : `npm run (--silent )?${name}`);

test('every script of npm that runs here is checked', () => {
  const others = ['format', 'lint', 'types'];
  expect(named.map(([name]) => name).sort()).toEqual(
    Object.keys(scripts)
      .filter((name) => !others.includes(name))
      .sort(),
  );
});

test.each(named)('npm run %s has a help, and refuses in one line what it does not know', async (name, file) => {
  const help = runScript(file, ['--help']);
  const wrong = runScript(file, ['--no-such-option']);
  expect(await help.ended).toBe(0);
  expect(help.output()).toMatch(new RegExp(`^Usage: ${typed(name)}`));
  expect(await wrong.ended).toBe(2);
  expect(wrong.output()).toMatch(new RegExp(`^Unknown option '--no-such-option'\\. .*${typed(name)}.*\\n$`));
});

test('an option that npm took for itself is no start with another port', async () => {
  const script = runScript('scripts/start.ts', ['8797'], { npm_lifecycle_event: 'start', npm_config_port: 'true' });
  expect(await script.ended).toBe(2);
  expect(script.output()).toContain('npm start -- --port 8797');
});
