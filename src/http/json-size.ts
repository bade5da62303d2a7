/** The bytes that a JSON value takes as UTF-8 text. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

/**
 * Whether a JSON value has at most `levels` of objects and lists inside each other. Code that walks a value from a request does so
 * only after this: a few kilobytes of brackets are deeper than the stack.
 */
export function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isNestedWithin(inner, levels - 1));
}
