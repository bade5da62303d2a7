/** The size of a JSON value as UTF-8 text, in bytes. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

/**
 * Whether the objects and lists of a JSON value are nested at most `levels` deep. Check this before recursing into a
 * value from a request: a few kilobytes of brackets overflow the stack.
 */
export function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isNestedWithin(inner, levels - 1));
}

/** Most objects, lists and commas in a JSON text. A value takes up to 30 times the size of its text in memory. */
export const JSON_ELEMENTS = 200_000;

/** Deepest nesting of objects and lists in a JSON text. */
export const JSON_LEVELS = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether a JSON text in UTF-8 has at most JSON_ELEMENTS elements in at most JSON_LEVELS levels. It reads the bytes
 * once and builds nothing. For a text that is not JSON the answer is meaningless, because the parser refuses the text.
 */
export function isModestJson(bytes: Uint8Array): boolean {
  let elements = 0;
  let levels = 0;
  for (let place = 0; place < bytes.length; place += 1) {
    switch (bytes[place]) {
      case QUOTE:
        place = endOfString(bytes, place + 1);
        break;
      case COMMA:
        elements += 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        elements += 1;
        levels += 1;
        if (levels > JSON_LEVELS) return false;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        levels -= 1;
        break;
    }
    if (elements > JSON_ELEMENTS) return false;
  }
  return true;
}

/** The position of the quote that ends the string at `start`; the length of the text when there is none. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (quote - escapes > start && bytes[quote - escapes - 1] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return quote;
  }
  return bytes.length;
}
