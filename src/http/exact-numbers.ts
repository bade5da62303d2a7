/**
 * JSON numbers become doubles: 20 digits lose the last ones, `1e400` becomes infinite. Fields of free JSON, which are
 * handed on as they came, refuse such numbers; typed fields have bounds of their own.
 */

import type { z } from '@hono/zod-openapi';

/** A number outside of texts that may not be kept: one with an exponent, or with more than 15 digits. */
const SUSPECT = /[[:,]\s*-?(?:\d[\d.]{15,}|[\d.]+e)/i;

/** The objects and lists of bodies that hold a number which a double has changed. */
const changed = new WeakSet<object>();

/** Parses JSON, and remembers where a number could not be kept as it was written. Throws like `JSON.parse`. */
export function parseJson(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text);
  return JSON.parse(text, function (this: object, _key: string, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number' && decimal(context?.source ?? '') !== decimal(String(value))) changed.add(this);
    return value;
  });
}

/** Refuses a field of free JSON with such a number. Checks no depth: call it behind `isNestedWithin`. */
export function refuseChangedNumbers(value: unknown, context: z.RefinementCtx): void {
  if (holdsChangedNumber(value)) context.addIssue('A number cannot be kept exactly. Send it as a string.');
}

function holdsChangedNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return changed.has(value) || Object.values(value).some(holdsChangedNumber);
}

/** A number's value in one notation: its digits without zeros at the ends, and where the point is. */
function decimal(text: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (sign === undefined) return 'none';
  return kept === '' ? '0' : `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
