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

/** Routes with fewer parameters first, because `me` in `/users/me` is not an id. */
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
 * Compares an answer of the hub with the route's documentation: the status, and exactly the fields of the body. Ignores
 * unknown paths, and 405 and 500, which are documented once for all routes.
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
    if (answer.status !== 400 && !isDetail(answer.json)) expect.fail(`${place} with something other than a detail`);
  } else if (response.content?.['application/octet-stream'] !== undefined) {
    if (Object.keys(answer.json ?? {}).length > 0) expect.fail(`${place} with JSON instead of a file`);
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
