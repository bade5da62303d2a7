import type { z } from '@hono/zod-openapi';
import { expect } from 'vitest';
import { createApp } from '../../../src/app.ts';

type DocumentedResponse = { $ref?: string; content?: { [type: string]: { schema?: z.ZodType } } };
type DocumentedRoute = {
  method: string;
  path: string;
  pattern: RegExp;
  responses: { [status: string]: DocumentedResponse };
};

/** Routes with fewer parameters first: `/users/me` is not a user's id. */
const routes: DocumentedRoute[] = createApp()
  .openAPIRegistry.definitions.flatMap((definition) => (definition.type === 'route' ? [definition.route] : []))
  .map(({ method, path, responses }) => ({
    method: method.toUpperCase(),
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`),
    responses: responses as DocumentedRoute['responses'],
  }))
  .sort((left, right) => left.path.split('{').length - right.path.split('{').length);

/**
 * Holds an answer of the hub against what its route documents: the status, each field of the body, and no field besides. Says nothing of paths
 * that no route has, and of 405 and 500, which are documented for all at once.
 */
export function expectDocumented(
  request: { method: string; url: string },
  answer: { status: number; text: string; json: unknown },
): void {
  const { pathname } = new URL(request.url);
  const route = routes.find(({ method, pattern }) => method === request.method && pattern.test(pathname));
  if (route === undefined || answer.status === 405 || answer.status === 500) return;
  const place = `${request.method} ${route.path} answers ${answer.status}`;
  const response = route.responses[answer.status];
  if (response === undefined) expect.fail(`${place}, which is not documented`);
  const schema = response.content?.['application/json']?.schema;
  if (response.$ref !== undefined) {
    if (answer.status !== 400 && !isDetail(answer.json)) expect.fail(`${place} with something else than a detail`);
  } else if (schema === undefined) {
    if (answer.text !== '') expect.fail(`${place} with a body, which is not documented`);
  } else {
    const parsed = schema.safeParse(answer.json);
    if (!parsed.success) expect(parsed.error.issues, place).toEqual([]);
    expect(answer.json, `${place} with a field that is not documented`).toEqual(parsed.data);
  }
}

function isDetail(json: unknown): boolean {
  const { detail, ...others } = json as { detail?: unknown };
  return typeof detail === 'string' && Object.keys(others).length === 0;
}
