import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PICTURES } from '../../screenshots/pictures.ts';

const FOLDER = 'docs/console';
const MOST_BYTES = 100_000;

it('the console’s guide shows each picture, for light and dark pages, and all are small', () => {
  const files = readdirSync(FOLDER).sort();
  const taken = PICTURES.flatMap(({ name }) => [`${name}-dark.png`, `${name}-light.png`]).sort();
  expect(files).toEqual(taken);
  const text = readFileSync('docs/console.md', 'utf8');
  const shown = [...text.matchAll(/"console\/([a-z-]+\.png)"/g)].map(([, file]) => file).sort();
  expect(shown).toEqual(taken);
  expect(files.filter((file) => statSync(`${FOLDER}/${file}`).size > MOST_BYTES)).toEqual([]);
});
