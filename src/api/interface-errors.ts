import { type RouteConfig, z } from '@hono/zod-openapi';
import type { RefusalForm } from '../http/app-environment.ts';
import { type RefusalStatus, refusalDescription } from '../http/refusals.ts';
import { jsonOf } from '../http/route-parts.ts';

/** How an interface with keys of its own shows refusals. */
export type ErrorForm = { form: RefusalForm; schema: z.ZodType };

export const rpcErrorSchema = z
  .object({
    error: z.object({
      code: z.int().openapi({ description: 'The status that the refusal has elsewhere, such as 400 or 404.' }),
      message: z.string(),
    }),
  })
  .openapi('RpcError');

/** JSON-RPC: refusals of a method are 200, as its clients expect. */
export const RPC_ERRORS: ErrorForm = {
  form: ({ status, message }) => ({
    status: [400, 404, 409].includes(status) ? 200 : status,
    body: { error: { code: status, message } },
  }),
  schema: rpcErrorSchema,
};

/** The threads API. */
export const THREADS_ERRORS: ErrorForm = {
  form: ({ status, message }) => ({ status, body: { error: message } }),
  schema: z.object({ error: z.string() }).openapi('ThreadsError'),
};

/** The documented refusals of a route in such a form. A refusal that is 200 belongs to the route's answers. */
export function formedResponses(
  { form, schema }: ErrorForm,
  statuses: readonly RefusalStatus[],
): RouteConfig['responses'] {
  const shown = statuses.filter((status) => form({ status, message: '' }).status !== 200);
  return Object.fromEntries(shown.map((status) => [status, jsonOf(schema, refusalDescription(status))]));
}
