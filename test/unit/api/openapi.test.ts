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
  test('names each operation once', () => {
    const seen = new Map<string, string>();
    const repeated: string[] = [];
    for (const { name, operation } of operations) {
      const id = operation.operationId ?? '(none)';
      const before = seen.get(id);
      if (before !== undefined) repeated.push(`${id}: ${before}, ${name}`);
      seen.set(id, name);
    }
    expect(repeated).toEqual([]);
  });
});
