import { z } from '@hono/zod-openapi';
import { characterCount } from '../resources/characters.ts';
import { isUuid } from '../resources/uuid.ts';

/**
 * A string of at most `max` characters (code points), stored unchanged. A blank one (white space only) is refused
 * unless `blank`. NUL and lone surrogates are refused, because databases and UTF-8 cannot store them unchanged.
 */
export function textField({ max, blank = false }: { max: number; blank?: boolean }) {
  return z
    .string()
    .superRefine((text, context) => {
      if (!blank && text.trim() === '') context.addIssue('This field may not be blank.');
      else if (text.length > max && characterCount(text) > max) {
        context.addIssue(`Ensure this field has no more than ${max} characters.`);
      }
      if (text.includes('\0')) context.addIssue('Null characters are not allowed.');
      if (!text.isWellFormed()) context.addIssue('Lone surrogates are not allowed.');
    })
    .openapi({ maxLength: max, ...(blank ? {} : { minLength: 1 }) });
}

/** The URL of a web page: absolute, http or https, stored unchanged. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text);
}

/** The URL of a web page of at most `max` characters. */
export function webUrlField({ max }: { max: number }) {
  return textField({ max }).refine(isWebUrl, 'Enter a valid URL.').openapi({ format: 'uri' });
}

/** An email address of at most 254 characters. */
export function emailField() {
  return textField({ max: 254 }).refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), 'Enter a valid email address.');
}

/**
 * A name that is a segment of paths, such as a tag's. Clients remove the segments `.` and `..`, so nobody could delete
 * a resource with such a name.
 */
export function pathNameField() {
  return textField({ max: 255 }).refine((text) => text !== '.' && text !== '..', 'This name cannot be part of a URL.');
}

/**
 * For `z.preprocess` before a record: refuses the key `__proto__`. zod's records drop it silently, and data of a client
 * must not get lost.
 */
export function refuseUnkeepableName(record: unknown, context: z.RefinementCtx): unknown {
  if (typeof record === 'object' && record !== null && Object.hasOwn(record, '__proto__')) {
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'This name is reserved.' });
  }
  return record;
}

/** A UUID in a body or a query. Upper case is accepted and lower-cased. */
export function uuidField() {
  return z
    .string({ error: (issue) => (issue.input == null ? undefined : 'Must be a valid UUID.') })
    .toLowerCase()
    .refine(isUuid, 'Must be a valid UUID.')
    .openapi({ format: 'uuid' });
}

/** A UUID in a path. A malformed one makes the path unknown (404). */
export function pathId(name: string) {
  return uuidField().openapi({ param: { name, in: 'path' } });
}

/** A visitor's id in a path; upper case is accepted and lower-cased. A malformed one is a visitor that does not exist. */
export function pathVisitorId() {
  return z
    .string()
    .toLowerCase()
    .openapi({ param: { name: 'visitor_id', in: 'path' } });
}

/** A whole number between two bounds, both included. Digits in quotes count as the number. */
export function integerField({ min, max }: { min: number; max: number }) {
  return z.preprocess(unquoted, z.int().min(min).max(max));
}

/** A number between two bounds, both included. A decimal number in quotes counts as the number. */
export function numberField({ min, max }: { min: number; max: number }) {
  return z.preprocess(unquoted, z.number().min(min).max(max));
}

/**
 * Django REST framework, for which existing clients were written, takes numbers in quotes. So do we, except notations
 * that only some languages read: exponents, hexadecimals, spaces.
 */
function unquoted(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
}

/** For how many days something of an organization is kept; null: no limit. */
export const daysKept = integerField({ min: 1, max: 36_500 }).nullable();

/** An ISO 8601 time as ms since 1970. Without a zone it is UTC. What is finer than a millisecond is left out. */
export function timeField() {
  return timeOf((time) => time.milliseconds);
}

/**
 * The same for a bound of stored times, which are whole milliseconds: the first millisecond that is not earlier. Right for "at or
 * after" and for "before". "After" takes `timeField`.
 */
export function timeBoundField() {
  return timeOf(({ milliseconds, isFiner }) => milliseconds + (isFiner ? 1 : 0));
}

function timeOf(read: (time: Time) => number) {
  return z
    .string()
    .transform((text, context) => {
      const time = parseTime(text);
      if (time !== null) return read(time);
      context.addIssue(TIME_FORMAT);
      return z.NEVER;
    })
    .openapi({ type: 'string', format: 'date-time' });
}

const TIME_FORMAT = 'Datetime has wrong format. Use ISO 8601, for example 2026-03-01T09:00:00.000Z.';
const ISO_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/i;
const FINER_THAN_MILLISECONDS = /\.\d{3}\d*[1-9]/;

/** Whole ms since 1970. `isFiner`: the text named a time between this millisecond and the next. */
type Time = { milliseconds: number; isFiner: boolean };

/** The time in an ISO 8601 text; null when the text is none or names a day that does not exist. */
function parseTime(text: string): Time | null {
  const parts = ISO_TIME.exec(text);
  if (parts === null) return null;
  const [, day = '', minutes = '', seconds = ':00', zone = 'Z'] = parts;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const at = Date.parse(`${day}T${minutes}${seconds}${offset}`);
  if (Number.isNaN(at)) return null;
  // Date.parse lets 30 February roll over into March.
  const isDay = new Date(Date.parse(`${day}T00:00:00Z`)).toISOString().startsWith(day);
  return isDay ? { milliseconds: at, isFiner: FINER_THAN_MILLISECONDS.test(seconds) } : null;
}

/** `true` or `false` in a query. */
export function booleanParameter() {
  return z
    .string()
    .toLowerCase()
    .refine((text) => text === 'true' || text === 'false', 'Must be a valid boolean.')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean' });
}

/** For `superRefine`: refuses a body without any of the schema's fields. The message belongs to `field`. */
export function requireSomeField(field: string) {
  return (payload: object, context: z.RefinementCtx): void => {
    if (Object.values(payload).some((value) => value !== undefined)) return;
    context.addIssue({ code: 'custom', path: [field], message: 'This field is required.' });
  };
}

/** An ISO 8601 time in a response's schema. */
export const isoTimeSchema = z.string().openapi({ format: 'date-time', example: '2026-03-01T09:00:00.000Z' });
