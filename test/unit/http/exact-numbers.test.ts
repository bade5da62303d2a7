import { z } from '@hono/zod-openapi';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, refuseChangedNumbers } from '../../../src/http/exact-numbers.ts';

const freeJson = z.unknown().superRefine(refuseChangedNumbers);
const isRefused = (text: string) => !freeJson.safeParse((parseJson(text) as { a: unknown }).a).success;

describe('a number of free JSON', () => {
  it.each([
    '12345678901234567890',
    '-12345678901234567890',
    '9007199254740993',
    '1e400',
    '-1E400',
    '1e-400',
    '0.12345678901234567890',
    '123456789012345678.5',
    '1.0000000000000000000001',
  ])('is refused when it cannot be kept: %s', (number) => {
    expect(isRefused(`{"a":{"b":[1,${number}]}}`)).toBe(true);
    expect(isRefused(`{"a":{"b": {"c" :\n${number} }}}`)).toBe(true);
    expect(isRefused(`{"a":{"b":1},"other":[${number}]}`)).toBe(false);
  });

  it.each([
    '0',
    '-0',
    '0e999999999999',
    '1.50',
    '9007199254740992',
    '12345678901234567000',
    '1e23',
    '1E+2',
    '0.000001e-3',
    '123456789012345.0',
    '"12345678901234567890"',
    '"x, 12345678901234567890"',
  ])('is taken when it is kept: %s', (number) => {
    expect(isRefused(`{"a":{"b":[1,${number}]}}`)).toBe(false);
  });

  it('is taken however a double is written', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(isRefused(`{"a":[${JSON.stringify(number)}]}`)).toBe(false);
        expect(isRefused(`{"a":[${number.toExponential()}]}`)).toBe(false);
      }),
    );
  });

  it('changes nothing of what is parsed', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const whole = `{"__proto__":[1e0],"a":${text}}`;
        expect(JSON.stringify(parseJson(whole))).toBe(JSON.stringify(JSON.parse(whole)));
      }),
    );
  });
});
