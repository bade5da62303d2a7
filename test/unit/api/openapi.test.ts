import { describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { openApiDocument } from '../../../src/http/openapi.ts';

type Operation = { operationId?: string; responses: Record<string, unknown>; security?: unknown[] };

const document = openApiDocument(createApp());
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

describe('the OpenAPI document', () => {
  test('names each operation once, in camel case', () => {
    const names = operations.map(({ operation }) => operation.operationId ?? '');
    expect(names.filter((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))).toEqual([]);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  test('says of each operation how to authenticate', () => {
    const silent = operations.filter(({ operation }) => operation.security === undefined);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test('says of each operation with storage behind it that it may be unavailable', () => {
    const certain = operations.filter(({ operation }) => operation.responses['503'] === undefined);
    expect(certain.map(({ name }) => name)).toEqual(['GET /openapi.json', 'GET /docs']);
  });
});
