import { Buffer } from 'node:buffer';
import { z } from '@hono/zod-openapi';
import type { KeysetValue } from '../db/keyset.ts';

/**
 * Where in a list a page starts: the list's ordering, the direction, and the keyset values of the row next to the page.
 * Without values it is the list's last page, read backwards.
 */
export type Cursor =
  | { ordering: string; direction: 'next' | 'previous'; key: readonly KeysetValue[] }
  | { ordering: string; direction: 'previous'; key: null };

const cursorSchema = z.union([
  z.strictObject({ o: z.string(), d: z.enum(['next', 'previous']), k: z.array(z.union([z.string(), z.number()])) }),
  z.strictObject({ o: z.string(), d: z.literal('previous'), k: z.null() }),
]);

/** The opaque text of a cursor: base64url of JSON. */
export function encodeCursor(cursor: Cursor): string {
  const text = JSON.stringify({ o: cursor.ordering, d: cursor.direction, k: cursor.key });
  return Buffer.from(text).toString('base64url');
}

/**
 * The cursor in a text. Null when the text is not a cursor, when the cursor belongs to another ordering, or when its
 * key does not fit `keySchema` (a tuple of the keyset's values).
 */
export function decodeCursor(
  text: string,
  ordering: string,
  keySchema: z.ZodType<readonly KeysetValue[]>,
): Cursor | null {
  let value: unknown;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return null;
  }
  const parsed = cursorSchema.safeParse(value);
  if (!parsed.success || parsed.data.o !== ordering) return null;
  if (parsed.data.k === null) return { ordering, direction: parsed.data.d, key: null };
  const key = keySchema.safeParse(parsed.data.k);
  return key.success ? { ordering, direction: parsed.data.d, key: key.data } : null;
}
