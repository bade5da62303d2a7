import { describe, expect, it } from 'vitest';
import { integerField, numberField } from '../../../src/http/fields.ts';

describe('a whole number', () => {
  const field = integerField({ min: -5, max: 7200 });

  it.each<[unknown, number]>([
    [7200, 7200],
    ['7200', 7200],
    ['-5', -5],
    ['007', 7],
    ['3.0', 3],
  ])('%j is taken', (value, number) => {
    expect(field.parse(value)).toBe(number);
  });

  it.each<unknown>(['', ' 7', '7 ', '1e3', '0x10', '7.5', '7201', '-6', 'seven', true, null, [7], '9'.repeat(30)])(
    '%j is refused',
    (value) => {
      expect(field.safeParse(value).success).toBe(false);
    },
  );

  it('is missing when it is missing', () => {
    expect(field.safeParse(undefined).success).toBe(false);
    expect(field.nullish().parse(undefined)).toBeUndefined();
    expect(field.nullish().parse(null)).toBeNull();
  });
});

it('a number in quotes keeps its fraction and its bounds', () => {
  const field = numberField({ min: 0, max: 1 });
  expect(field.parse('0.75')).toBe(0.75);
  for (const value of ['1.01', '.5', '0,5', 'NaN', 'Infinity', '5e-1'])
    expect(field.safeParse(value).success).toBe(false);
});
