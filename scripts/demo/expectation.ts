/**
 * Expected JSON with placeholders. A placeholder is a value that the hub makes (an id, a time). The first value binds
 * it, and every later one must be the same. Everything else must be equal, including the set of keys.
 */

export type PlaceholderKind = keyof typeof FORMS;

/** The words of the documented examples, such as CHAT_SESSION_UUID, name the placeholders. */
export class Placeholder {
  /** Null for a value that is not named: of this kind, and no matter which. */
  readonly name: string | null;
  readonly kind: PlaceholderKind;

  constructor(name: string | null, kind: PlaceholderKind) {
    this.name = name;
    this.kind = kind;
  }
}

export const uuid = (name: string): Placeholder => new Placeholder(name, 'uuid');
export const time = (name: string): Placeholder => new Placeholder(name, 'time');
export const integer = (name: string): Placeholder => new Placeholder(name, 'integer');

export const named = (kind: PlaceholderKind, name: string): Placeholder => new Placeholder(name, kind);
export const some = (kind: PlaceholderKind): Placeholder => new Placeholder(null, kind);

/** An object with at least these fields. What else it has are extensions of the hub. */
export class AtLeast {
  readonly fields: ExpectedFields;

  constructor(fields: ExpectedFields) {
    this.fields = fields;
  }
}

/** A list in which at least one entry matches. */
export class ListWith {
  readonly entry: Expected;

  constructor(entry: Expected) {
    this.entry = entry;
  }
}

export const atLeast = (fields: ExpectedFields): AtLeast => new AtLeast(fields);
export const listWith = (entry: Expected): ListWith => new ListWith(entry);

export type ExpectedFields = { readonly [key: string]: Expected };

export type Expected =
  | null
  | boolean
  | number
  | string
  | Placeholder
  | AtLeast
  | ListWith
  | readonly Expected[]
  | ExpectedFields;

export type Bindings = Map<string, unknown>;

const like = (form: RegExp) => (value: unknown) => typeof value === 'string' && form.test(value);

const FORMS = {
  uuid: like(/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  visitor_id: like(/^[0-9a-f]{32}$/),
  /** An id of JSON-RPC: milliseconds, a hyphen, 18 hex digits. */
  rpc_id: like(/^\d{13}-[0-9a-f]{18}$/),
  /** An id of the threads API. */
  object_id: like(/^[0-9a-f]{24}$/),
  time: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  integer: (value: unknown) => typeof value === 'number' && Number.isSafeInteger(value),
  number: (value: unknown) => typeof value === 'number',
  boolean: (value: unknown) => typeof value === 'boolean',
  text: (value: unknown) => typeof value === 'string' && value !== '',
  text_or_null: (value: unknown) => value === null || typeof value === 'string',
};

/** The differences, one sentence each with its path. Empty when `actual` matches. Binds placeholders in `bindings`. */
export function compare(expected: Expected, actual: unknown, bindings: Bindings, at = '$'): string[] {
  if (expected instanceof Placeholder) return comparePlaceholder(expected, actual, bindings, at);
  if (expected instanceof AtLeast) return compareObjects(expected.fields, actual, bindings, at, true);
  if (expected instanceof ListWith) return compareEntry(expected.entry, actual, bindings, at);
  if (isList(expected)) {
    if (!Array.isArray(actual)) return [`${at}: expected a list, got ${show(actual)}`];
    const length =
      actual.length === expected.length ? [] : [`${at}: expected ${expected.length} entries, got ${actual.length}`];
    return [
      ...length,
      ...expected.flatMap((entry, index) =>
        index < actual.length ? compare(entry, actual[index], bindings, `${at}[${index}]`) : [],
      ),
    ];
  }
  if (typeof expected === 'object' && expected !== null) return compareObjects(expected, actual, bindings, at);
  return Object.is(expected, actual) ? [] : [`${at}: expected ${show(expected)}, got ${show(actual)}`];
}

function compareObjects(
  expected: ExpectedFields,
  actual: unknown,
  bindings: Bindings,
  at: string,
  mayHaveMore = false,
): string[] {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
    return [`${at}: expected an object, got ${show(actual)}`];
  }
  const values = new Map(Object.entries(actual));
  const surplus = mayHaveMore ? [] : [...values.keys()].filter((key) => !Object.hasOwn(expected, key));
  return [
    ...Object.entries(expected).flatMap(([key, value]) =>
      values.has(key) ? compare(value, values.get(key), bindings, `${at}.${key}`) : [`${at}.${key}: missing`],
    ),
    ...surplus.map((key) => `${at}.${key}: not documented, got ${show(values.get(key))}`),
  ];
}

/** Binds what the first matching entry binds, and nothing of the others. */
function compareEntry(expected: Expected, actual: unknown, bindings: Bindings, at: string): string[] {
  if (!Array.isArray(actual)) return [`${at}: expected a list, got ${show(actual)}`];
  const tries = actual.map((entry: unknown) => {
    const bound: Bindings = new Map(bindings);
    return { bound, differences: compare(expected, entry, bound, `${at}[]`) };
  });
  const fitting = tries.find(({ differences }) => differences.length === 0);
  for (const [name, value] of fitting?.bound ?? []) bindings.set(name, value);
  if (fitting !== undefined) return [];
  return [`${at}: none of the ${actual.length} entries is the expected one`, ...(tries[0]?.differences ?? [])];
}

function comparePlaceholder(expected: Placeholder, actual: unknown, bindings: Bindings, at: string): string[] {
  if (!FORMS[expected.kind](actual)) {
    return [`${at}: expected ${[expected.kind, expected.name ?? []].flat().join(' ')}, got ${show(actual)}`];
  }
  if (expected.name === null) return [];
  if (!bindings.has(expected.name)) {
    bindings.set(expected.name, actual);
    return [];
  }
  const bound = bindings.get(expected.name);
  return Object.is(bound, actual)
    ? []
    : [`${at}: ${expected.name} was ${show(bound)} before, now it is ${show(actual)}`];
}

function isList(expected: Expected): expected is readonly Expected[] {
  return Array.isArray(expected);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
