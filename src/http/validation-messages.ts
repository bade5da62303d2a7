import { z } from '@hono/zod-openapi';
import { cutText } from '../resources/characters.ts';

/**
 * The messages of Django REST framework's fields for zod's issues, because existing clients know them. They are set in
 * zod's configuration, so that a schema's own `error` takes precedence.
 */
export function useValidationMessages(): void {
  z.config({ customError: validationMessage });
}

/** The message for an issue, from its code and the value that caused it. */
export function validationMessage(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== 'custom') {
    if (issue.input === undefined) return 'This field is required.';
    if (issue.input === null) return 'This field may not be null.';
  }
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(String(issue.expected), issue.input);
    case 'invalid_value':
      return `"${shown(issue.input)}" is not a valid choice.`;
    case 'too_small':
      return tooSmall(String(issue.origin), Number(issue.minimum), issue.input);
    case 'too_big':
      return tooBig(String(issue.origin), Number(issue.maximum));
    case 'invalid_format':
      return FORMATS[String(issue.format)] ?? 'Enter a valid value.';
    default:
      return 'Enter a valid value.';
  }
}

const FORMATS: Record<string, string> = {
  uuid: 'Must be a valid UUID.',
  email: 'Enter a valid email address.',
  url: 'Enter a valid URL.',
  datetime: 'Datetime has wrong format. Use ISO 8601, for example 2026-03-01T09:00:00.000Z.',
};

function wrongType(expected: string, input: unknown): string {
  switch (expected) {
    case 'string':
      return 'Not a valid string.';
    case 'int':
      return 'A valid integer is required.';
    case 'number':
      return 'A valid number is required.';
    case 'boolean':
      return 'Must be a valid boolean.';
    case 'array':
      return `Expected a list of items but got type "${typeName(input)}".`;
    case 'record':
      return `Expected a dictionary of items but got type "${typeName(input)}".`;
    case 'object':
      return `Invalid data. Expected a dictionary, but got ${typeName(input)}.`;
    default:
      return 'Enter a valid value.';
  }
}

function tooSmall(origin: string, minimum: number, input: unknown): string {
  if (origin === 'string') {
    return input === '' ? 'This field may not be blank.' : `Ensure this field has at least ${minimum} characters.`;
  }
  if (origin === 'array') {
    return minimum === 1 ? 'This list may not be empty.' : `Ensure this field has at least ${minimum} elements.`;
  }
  return `Ensure this value is greater than or equal to ${minimum}.`;
}

function tooBig(origin: string, maximum: number): string {
  if (origin === 'string') return `Ensure this field has no more than ${maximum} characters.`;
  if (origin === 'array') return `Ensure this field has no more than ${maximum} elements.`;
  return `Ensure this value is less than or equal to ${maximum}.`;
}

function typeName(input: unknown): string {
  if (Array.isArray(input)) return 'list';
  if (typeof input === 'string') return 'str';
  if (typeof input === 'boolean') return 'bool';
  if (typeof input === 'number') return Number.isInteger(input) ? 'int' : 'float';
  return 'dict';
}

/** A scalar as it is repeated to the client, cut so that the answer stays small. */
function shown(input: unknown): string {
  return typeof input === 'object' ? typeName(input) : cutText(String(input), 100);
}
