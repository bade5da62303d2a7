/**
 * Expected JSON with placeholders. A placeholder is a value that the hub makes (an id, a time). The first value binds
 * it, and every later one must be the same. Everything else must be equal, including the set of keys.
 */

export type PlaceholderKind = 'uuid' | 'visitor_id' | 'time' | 'integer';

/** The words of the documented examples, such as CHAT_SESSION_UUID, name the placeholders. */
export class Placeholder {
  readonly name: string;
  readonly kind: PlaceholderKind;

  constructor(name: string, kind: PlaceholderKind) {
    this.name = name;
    this.kind = kind;
  }
}

export const uuid = (name: string): Placeholder => new Placeholder(name, 'uuid');
export const time = (name: string): Placeholder => new Placeholder(name, 'time');
export const integer = (name: string): Placeholder => new Placeholder(name, 'integer');

export type Expected =
  | null
  | boolean
  | number
  | string
  | Placeholder
  | readonly Expected[]
  | { readonly [key: string]: Expected };

export type Bindings = Map<string, unknown>;

const FORMS: Record<PlaceholderKind, (value: unknown) => boolean> = {
  uuid: (value) =>
    typeof value === 'string' &&
    /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value),
  visitor_id: (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value),
  time: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  integer: (value) => typeof value === 'number' && Number.isSafeInteger(value),
};

/** The differences, one sentence each with its path. Empty when `actual` matches. Binds placeholders in `bindings`. */
export function compare(expected: Expected, actual: unknown, bindings: Bindings, at = '$'): string[] {
  if (expected instanceof Placeholder) return comparePlaceholder(expected, actual, bindings, at);
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
  expected: { readonly [key: string]: Expected },
  actual: unknown,
  bindings: Bindings,
  at: string,
): string[] {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
    return [`${at}: expected an object, got ${show(actual)}`];
  }
  const values = new Map(Object.entries(actual));
  const surplus = [...values.keys()].filter((key) => !Object.hasOwn(expected, key));
  return [
    ...Object.entries(expected).flatMap(([key, value]) =>
      values.has(key) ? compare(value, values.get(key), bindings, `${at}.${key}`) : [`${at}.${key}: missing`],
    ),
    ...surplus.map((key) => `${at}.${key}: not documented, got ${show(values.get(key))}`),
  ];
}

function comparePlaceholder(expected: Placeholder, actual: unknown, bindings: Bindings, at: string): string[] {
  if (!FORMS[expected.kind](actual)) return [`${at}: expected ${expected.kind} ${expected.name}, got ${show(actual)}`];
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
