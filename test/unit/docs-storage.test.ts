import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';

const text = readFileSync('docs/storage.md', 'utf8');

/** The tables, indexes and triggers of D1 after all migrations. */
function namesOfD1(): string[] {
  const d1 = new DatabaseSync(':memory:');
  for (const file of readdirSync('migrations').sort()) d1.exec(readFileSync(join('migrations', file), 'utf8'));
  const rows = d1.prepare('SELECT name FROM sqlite_master WHERE sql IS NOT NULL').all() as { name: string }[];
  d1.close();
  return rows.map(({ name }) => name);
}

/** Those that statements of the source make, in the objects. */
function namesOfObjects(): string[] {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return sources.flatMap((path) =>
    Array.from(
      readFileSync(join('src', path), 'utf8').matchAll(/CREATE (?:TABLE|INDEX|TRIGGER) (?:IF NOT EXISTS )?(\w+)/g),
      ([, name = '']) => name,
    ),
  );
}

const names = new Set([...namesOfD1(), ...namesOfObjects()]);

test('docs/storage.md names each table, index and trigger', () => {
  expect(names.size).toBeGreaterThan(100);
  expect([...names].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('docs/storage.md describes no table or index that does not exist', () => {
  const tables = text.split(/\n\n+/).filter((part) => /^\| (table|index) \|/.test(part));
  const firstCells = tables.flatMap((part) => part.split('\n').map((row) => row.split(' | ')[0] ?? ''));
  const described = firstCells.flatMap((cell) => Array.from(cell.matchAll(/`(\w+)`/g), ([, name = '']) => name));
  expect(described.length).toBeGreaterThan(80);
  expect(described.filter((name) => !names.has(name))).toEqual([]);
});

test('docs/lifecycle.md names the file of each cache of an isolate', () => {
  const lifecycle = readFileSync('docs/lifecycle.md', 'utf8');
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((path) => join('src', path))
    .filter((path) => path.endsWith('.ts') && /^const \w+ = create\w+Cache/m.test(readFileSync(path, 'utf8')));
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((path) => !lifecycle.includes(`\`${path}\``))).toEqual([]);
});
