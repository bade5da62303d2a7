import { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import { textField, timeBoundField, timeField, uuidField } from '../../../src/http/fields.ts';
import { fieldErrors } from '../../../src/http/validation-errors.ts';
import { useValidationMessages } from '../../../src/http/validation-messages.ts';

useValidationMessages();

function errorsOf(schema: z.ZodType, input: unknown) {
  const result = schema.safeParse(input);
  return result.success ? null : fieldErrors(result.error.issues, input);
}

describe('messages', () => {
  const schema = z.object({
    text: textField({ max: 3 }),
    id: uuidField(),
    time: timeField(),
    count: z.int().min(0).max(20),
    flag: z.boolean(),
    kind: z.enum(['visitor', 'user']),
    list: z.array(z.string()).min(1).max(2),
    map: z.record(z.string(), z.string()),
    part: z.object({ a: z.string() }),
  });
  const good = {
    text: 'abc',
    id: '0190A000-0000-7000-8000-000000000000',
    time: '2026-03-01T09:00:00Z',
    count: 3,
    flag: true,
    kind: 'user',
    list: ['a'],
    map: { a: 'b' },
    part: { a: 'b' },
  };

  it('accepts valid values', () => {
    expect(errorsOf(schema, good)).toBeNull();
    expect(schema.parse(good)).toMatchObject({ id: good.id.toLowerCase(), time: Date.UTC(2026, 2, 1, 9) });
  });

  it('distinguishes missing from null for every kind of field', () => {
    const missing = errorsOf(schema, {});
    const nulls = errorsOf(schema, Object.fromEntries(Object.keys(good).map((field) => [field, null])));
    for (const field of Object.keys(good)) {
      expect(missing).toHaveProperty(field, ['This field is required.']);
      expect(nulls).toHaveProperty(field, ['This field may not be null.']);
    }
  });

  it.each([
    ['text', '', 'This field may not be blank.'],
    ['text', ' \n', 'This field may not be blank.'],
    ['text', 'abcd', 'Ensure this field has no more than 3 characters.'],
    ['text', 'a\0', 'Null characters are not allowed.'],
    ['text', 'a\ud800', 'Lone surrogates are not allowed.'],
    ['text', 7, 'Not a valid string.'],
    ['id', 'x', 'Must be a valid UUID.'],
    ['id', 7, 'Must be a valid UUID.'],
    ['time', 'tomorrow', 'Datetime has wrong format. Use ISO 8601, for example 2026-03-01T09:00:00.000Z.'],
    ['count', 1.5, 'A valid integer is required.'],
    ['count', 21, 'Ensure this value is less than or equal to 20.'],
    ['count', -1, 'Ensure this value is greater than or equal to 0.'],
    ['flag', 'true', 'Must be a valid boolean.'],
    ['kind', 'robot', '"robot" is not a valid choice.'],
    ['list', [], 'This list may not be empty.'],
    ['list', ['a', 'b', 'c'], 'Ensure this field has no more than 2 elements.'],
    ['list', {}, 'Expected a list of items but got type "dict".'],
    ['list', '', 'Expected a list of items but got type "str".'],
    ['list', 'text', 'Expected a list of items but got type "str".'],
    ['map', 'x', 'Expected a dictionary of items but got type "str".'],
  ])('%s %j', (field, value, message) => {
    expect(errorsOf(schema, { ...good, [field]: value })).toEqual({ [field]: [message] });
  });

  it('counts characters, not UTF-16 units', () => {
    expect(errorsOf(schema, { ...good, text: '🙂🙂🙂' })).toBeNull();
    expect(errorsOf(schema, { ...good, text: '🙂🙂🙂🙂' })).not.toBeNull();
  });
});

describe('form', () => {
  it('nests like the payload', () => {
    const item = z.object({ body: z.string() }).refine(({ body }) => body !== 'no', 'Not this one.');
    const schema = z.object({ items: z.array(item), inner: z.object({ a: z.string() }) }).refine(() => true);
    expect(errorsOf(schema, { items: [{ body: 'a' }, { body: 1 }, { body: 'no' }, null], inner: [] })).toEqual({
      items: [
        {},
        { body: ['Not a valid string.'] },
        { non_field_errors: ['Not this one.'] },
        ['This field may not be null.'],
      ],
      inner: { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] },
    });
  });

  it('puts errors of the whole body under non_field_errors', () => {
    const schema = z.object({ a: z.string() }).refine(() => false, 'These do not go together.');
    expect(errorsOf(schema, { a: 'x' })).toEqual({ non_field_errors: ['These do not go together.'] });
  });

  it('keeps keys that are special in JavaScript objects', () => {
    const input = JSON.parse('{"map": {"constructor": 1, "toString": 2}}');
    expect(errorsOf(z.object({ map: z.record(z.string(), z.string()) }), input)).toEqual({
      map: { constructor: ['Not a valid string.'], toString: ['Not a valid string.'] },
    });
  });
});

describe('what is quoted of the client', () => {
  const isWhole = (errors: unknown) =>
    expect(JSON.stringify(errors).isWellFormed() && !JSON.stringify(errors).includes('\\ud')).toBe(true);

  it('holds no half of a character, in a value or in a key', () => {
    for (const input of [`${'x'.repeat(99)}😀`, `x\ud83d`])
      isWhole(errorsOf(z.object({ kind: z.enum(['a']) }), { kind: input }));
    isWhole(errorsOf(z.record(z.string(), z.string()), { '\ud83d': 7 }));
  });
});

describe('a time', () => {
  it.each([
    ['2026-03-01T09:00:00.123Z', Date.UTC(2026, 2, 1, 9, 0, 0, 123)],
    ['2026-03-01T09:00:00', Date.UTC(2026, 2, 1, 9)],
    ['2026-03-01 09:00', Date.UTC(2026, 2, 1, 9)],
    ['2026-03-01T09:00:00+02:00', Date.UTC(2026, 2, 1, 7)],
    ['2026-03-01T09:00:00+0200', Date.UTC(2026, 2, 1, 7)],
    ['2026-03-01T09:00:00.123456Z', Date.UTC(2026, 2, 1, 9, 0, 0, 123)],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2026-02-30T09:00:00Z', null],
    ['2026-03-01', null],
    ['2026-03-01T25:00:00Z', null],
    ['1 March 2026', null],
  ])('%s', (text, at) => {
    expect(timeField().safeParse(text).data ?? null).toBe(at);
    expect(timeBoundField().safeParse(text).success).toBe(at !== null);
  });

  it.each([
    ['2026-03-01T09:00:00.123Z', 123],
    ['2026-03-01T09:00:00.123000Z', 123],
    ['2026-03-01T09:00:00.123001Z', 124],
    ['2026-03-01T09:00:00.999999999Z', 1000],
    ['2026-03-01T11:00:00.0005+02:00', 1],
    ['2026-03-01T09:00:00.5', 500],
  ])('as a bound, %s is the first millisecond that is not earlier', (text, milliseconds) => {
    expect(timeBoundField().parse(text)).toBe(Date.UTC(2026, 2, 1, 9) + milliseconds);
  });
});
