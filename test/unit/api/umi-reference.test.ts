import { expect, test } from 'vitest';
import { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';

type Schema = {
  $ref?: string;
  example?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
};
type Content = { content?: Record<string, { schema: Schema }> };
type Operation = {
  operationId: string;
  tags: string[];
  description?: string;
  requestBody?: Content;
  responses: Record<string, Content>;
};

const document = openApiDocument(createApp(), packageJson.version);
const components = (document.components?.schemas ?? {}) as Record<string, Schema>;
const operations = Object.values(document.paths ?? {})
  .flatMap((item) => Object.values(item as Record<string, Operation>))
  .filter(({ tags }) => ['Channels', 'Messages', 'Deliveries'].includes(tags[0] ?? ''));

const bodies = operations.flatMap(({ operationId, requestBody, responses }) =>
  [
    ['request', requestBody] as const,
    ...Object.entries(responses).filter(([status]) => status.startsWith('2')),
  ].flatMap(([part, body]) => {
    const schema = body?.content?.['application/json']?.schema;
    return schema === undefined ? [] : [{ name: `${operationId} ${part}`, schema }];
  }),
);

/** The schema with its references replaced by what they name. */
function whole(schema: Schema): Schema {
  const { $ref, ...own } = schema;
  const found = $ref === undefined ? {} : whole(components[$ref.replace('#/components/schemas/', '')] ?? {});
  const { properties, items, ...rest } = { ...found, ...own };
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, whole(each)])) }),
    ...(items === undefined ? {} : { items: whole(items) }),
  };
}

/** The example of a schema, put together from those of its parts where it has none; undefined when a required part has none. */
function exampleOf({ example, properties, required = [], items }: Schema): unknown {
  if (example !== undefined) return example;
  if (items !== undefined) {
    const item = exampleOf(items);
    return item === undefined ? undefined : [item];
  }
  if (properties === undefined) return undefined;
  const parts = Object.entries(properties).map(([name, each]) => [name, exampleOf(each)] as const);
  const known = parts.filter(([, part]) => part !== undefined);
  return known.length === 0 || parts.some(([name, part]) => part === undefined && required.includes(name))
    ? undefined
    : Object.fromEntries(known);
}

test('each operation of the messaging interface has a description', () => {
  expect(operations.length).toBeGreaterThan(15);
  const silent = operations.filter(({ description = '' }) => description.length < 30);
  expect(silent.map(({ operationId }) => operationId)).toEqual([]);
});

test('each of its bodies has an example that fits', () => {
  expect(bodies.length).toBeGreaterThan(operations.length);
  const misfits = bodies.flatMap(({ name, schema }) => {
    const resolved = whole(schema);
    const example = exampleOf(resolved);
    if (example === undefined) return [`${name}: no example`];
    const read = z.fromJSONSchema(resolved as Parameters<typeof z.fromJSONSchema>[0]).safeParse(example);
    return read.success ? [] : [`${name}: ${z.prettifyError(read.error)}`];
  });
  expect(misfits).toEqual([]);
});
