import { expect, test } from 'vitest';
import { cutText } from '../../../src/platform/cut-text.ts';

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
