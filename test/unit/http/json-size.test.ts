import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isModestJson, JSON_ELEMENTS, JSON_LEVELS } from '../../../src/http/json-size.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Objects, lists and commas of a value's text, and its levels. */
function sizeOf(value: unknown): { elements: number; levels: number } {
  if (typeof value !== 'object' || value === null) return { elements: 0, levels: 0 };
  const inner = Object.values(value).map(sizeOf);
  return {
    elements: 1 + Math.max(0, inner.length - 1) + inner.reduce((sum, { elements }) => sum + elements, 0),
    levels: 1 + Math.max(0, ...inner.map(({ levels }) => levels)),
  };
}

describe('the size of a JSON text', () => {
  test('is counted in elements and in levels, to the last one', () => {
    const list = (length: number) => bytes(`[${Array(length).fill('0').join()}]`);
    expect([isModestJson(list(JSON_ELEMENTS)), isModestJson(list(JSON_ELEMENTS + 1))]).toEqual([true, false]);
    const nested = (levels: number) => bytes('{"a":'.repeat(levels) + 1 + '}'.repeat(levels));
    expect([isModestJson(nested(JSON_LEVELS)), isModestJson(nested(JSON_LEVELS + 1))]).toEqual([true, false]);
  });

  test('ignores brackets and commas in strings, whatever is escaped there', () => {
    const text = JSON.stringify({ a: ',[{'.repeat(JSON_ELEMENTS), b: '\\"[[[[', 'c"{': `${'\\'.repeat(7)}"[` });
    expect(isModestJson(bytes(text))).toBe(true);
    const hidden = `["\\\\",${'['.repeat(JSON_LEVELS)}`;
    expect(isModestJson(bytes(hidden))).toBe(false);
  });

  test('covers the part before an unfinished string', () => {
    for (const text of ['"', '"\\', '["a\\"', '{"']) expect(isModestJson(bytes(text))).toBe(true);
  });

  test('equals that of the value, for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat({ max: JSON_LEVELS + 2 }), fc.boolean(), (inner, lists, isSpaced) => {
        let value: unknown = inner;
        for (let level = 0; level < lists; level += 1) value = [value];
        const { elements, levels } = sizeOf(value);
        const isModest = elements <= JSON_ELEMENTS && levels <= JSON_LEVELS;
        expect(isModestJson(bytes(JSON.stringify(value, null, isSpaced ? 2 : 0)))).toBe(isModest);
      }),
      { numRuns: 300 },
    );
  });
});
