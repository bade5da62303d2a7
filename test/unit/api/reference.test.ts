import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';

type Schema = { $ref?: string; example?: unknown };
type Content = { [type: string]: { schema: Schema } };
type Operation = {
  operationId: string;
  summary?: string;
  description?: string;
  requestBody?: { content: Content };
  responses: { [status: string]: { content?: Content } };
};
/** The same content in the route's own definition, with the schemas that read requests and are held against answers. */
type Definition = {
  operationId: string;
  request?: { body?: { content: { [type: string]: { schema: z.ZodType } } } };
  responses: { [status: string]: { content?: { [type: string]: { schema: z.ZodType } } } };
};

const app = createApp();
const document = openApiDocument(app, packageJson.version);
const components = (document.components?.schemas ?? {}) as { [name: string]: Schema };
const operations = Object.values({ ...document.paths, ...document.webhooks }).flatMap((item) =>
  Object.values(item as { [method: string]: Operation }),
);

const definitions = new Map(
  app.openAPIRegistry.definitions.flatMap((definition) => {
    const route = 'route' in definition ? definition.route : 'webhook' in definition ? definition.webhook : null;
    const known = route as Definition | null;
    return known === null ? [] : [[known.operationId, known] as const];
  }),
);

/** Each body of a request, and of an answer that says that all went well: its example, and the schema that its route has. */
const bodies = operations.flatMap((operation) => {
  const definition = definitions.get(operation.operationId);
  const parts = [
    { part: 'request', content: operation.requestBody?.content, own: definition?.request?.body?.content },
    ...Object.entries(operation.responses)
      .filter(([status]) => status.startsWith('2'))
      .map(([status, { content }]) => ({ part: status, content, own: definition?.responses[status]?.content })),
  ];
  return parts.flatMap(({ part, content = {}, own }) =>
    // The bytes of a file have no example.
    Object.entries(content)
      .filter(([type]) => type === 'application/json')
      .map(([type, { schema }]) => ({
        name: `${operation.operationId} ${part}`,
        isRequest: part === 'request',
        example: exampleOf(schema),
        schema: own?.[type]?.schema,
      })),
  );
});

function exampleOf({ $ref, example }: Schema): unknown {
  return $ref === undefined ? example : components[$ref.replace('#/components/schemas/', '')]?.example;
}

describe('the reference', () => {
  test('says of each operation what it does: a summary, and a description that goes beyond it', () => {
    expect(operations.length).toBeGreaterThan(300);
    const silent = operations.filter(
      ({ summary = '', description = '' }) => summary === '' || description.length < 30 || description === summary,
    );
    expect(silent.map(({ operationId }) => operationId)).toEqual([]);
  });

  test('writes summaries without a full stop, and descriptions with one', () => {
    const misfits = operations.filter(
      ({ summary = '', description = '' }) => summary.endsWith('.') || !description.endsWith('.'),
    );
    expect(misfits.map(({ operationId }) => operationId)).toEqual([]);
  });

  test('has an example of each component', () => {
    expect(Object.keys(components).filter((name) => components[name]?.example === undefined)).toEqual([]);
  });

  test('has an example of each request body and of each answer', () => {
    expect(bodies.length).toBeGreaterThan(operations.length);
    expect(bodies.filter(({ example }) => example === undefined).map(({ name }) => name)).toEqual([]);
  });

  test('has examples of request bodies that the hub accepts', () => {
    const requests = bodies.filter(({ isRequest }) => isRequest);
    expect(requests.length).toBeGreaterThan(80);
    expect(requests.flatMap(problemsOf)).toEqual([]);
  });

  test('has examples of answers that the hub can give, with every field that it gives and none besides', () => {
    const answers = bodies.filter(({ isRequest }) => !isRequest);
    expect(answers.length).toBeGreaterThan(200);
    expect(answers.flatMap(problemsOf)).toEqual([]);
    for (const { name, example, schema } of answers) {
      expect(example, `${name} has a field that is not documented`).toEqual(schema?.parse(example));
    }
  });
});

function problemsOf({ name, example, schema }: (typeof bodies)[number]): string[] {
  if (schema === undefined) return [`${name}: its route has no schema`];
  const parsed = schema.safeParse(example);
  return parsed.success ? [] : [`${name}: ${z.prettifyError(parsed.error)}`];
}
