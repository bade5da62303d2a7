import type { z } from '@hono/zod-openapi';

/** A documented JSON answer, for a `createRoute` definition. */
export function jsonOf<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/**
 * A documented JSON body, for a `createRoute` definition. It is optional, because an empty body counts as `{}`; its
 * fields may be required.
 */
export function bodyOf<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}
