import type { z } from '@hono/zod-openapi';

/** Parts of a `createRoute` description: a documented JSON answer. */
export function jsonOf<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A documented JSON body. An empty one counts as `{}`, so what is required is said by its fields. */
export function bodyOf<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}
