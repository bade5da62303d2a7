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
  expect(response, `${place}, which is not documented`).toBeDefined();
  const schema = response?.content?.['application/json']?.schema;
  if (response?.$ref !== undefined) {
    const body = answer.status === 400 ? expect.any(Object) : { detail: expect.any(String) };
    expect(answer.json, place).toEqual(body);
  } else if (schema === undefined) {
    expect(answer.text, `${place} without a documented body`).toBe('');
  } else {
    const parsed = schema.safeParse(answer.json);
    expect(parsed.error?.issues ?? [], place).toEqual([]);
    expect(answer.json, `${place} with a field that is not documented`).toEqual(parsed.data);
  }
}
