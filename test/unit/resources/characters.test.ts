import { expect, test } from 'vitest';
import { characterCount, cutText } from '../../../src/resources/characters.ts';

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['ab😀', 4, 'ab😀'],
  ['ab😀', 3, 'ab'],
  ['ab😀c', 4, 'ab😀'],
  ['😀', 1, ''],
  ['ab\ud83d', 3, 'ab\ufffd'],
  ['a\ude00b', 3, 'a\ufffdb'],
])('%j in %i units is %j', (text, max, cut) => {
  expect(cutText(text, max)).toBe(cut);
});

test.each([
  ['', 0],
  ['aä€', 3],
  ['😀a😀', 3],
])('%j has %i characters', (text, count) => {
  expect(characterCount(text)).toBe(count);
});
