import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';

type Operation = {
  operationId?: string;
  responses: Record<string, unknown>;
  security?: unknown[];
  parameters?: { name?: string }[];
};

const snapshot = new URL('../../../public/openapi.json', import.meta.url).pathname;
const document = openApiDocument(createApp(), packageJson.version);
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

/** Rules that the hub breaks on purpose, and one that it keeps besides. */
const LINT_RULES = {
  // The licence is the owner's to choose.
  'info-license': 'off',
  // A socket answers 101, and no room has a brand.
  'operation-2xx-response': 'off',
  'operation-4xx-response': 'off',
  // Each deployment has its own origin. `/` is the origin of the document.
  'no-server-example.com': 'off',
  'no-invalid-schema-examples': { severity: 'error', allowAdditionalProperties: false },
} as const;

describe('the OpenAPI document', () => {
  test('equals the committed one: `npm run openapi` renews it, and the diff shows what breaks clients', async () => {
    expect(`${JSON.stringify(document, null, 2)}\n`).toBe(await readFile(snapshot, 'utf8'));
  });

  test('is valid OpenAPI 3.1', async () => {
    const config = await createConfig({ extends: ['recommended'], rules: LINT_RULES });
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
    const texts = problems.map(
      ({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`,
    );
    expect(texts).toEqual([]);
  });

  test('names each operation once, in camel case', () => {
    const names = operations.map(({ operation }) => operation.operationId ?? '');
    expect(names.filter((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))).toEqual([]);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  test('documents the authentication of each operation', () => {
    const silent = operations.filter(({ operation }) => operation.security === undefined);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test('takes an Idempotency-Key at each POST of the Chats API and of visitors, and at each rotation of a secret', () => {
    const posts = operations.filter(({ name }) => /^POST \/api\//.test(name));
    const without = posts.filter(
      ({ operation }) => !operation.parameters?.some((parameter) => parameter.name === 'Idempotency-Key'),
    );
    const names = without
      .map(({ name }) => name)
      .filter((name) => !/\/(unified_messaging|apps|app_installations)\b/.test(name));
    // They answer what works once, or to somebody who has no credentials yet, or change nothing, or take a file: one that is
    // uploaded twice is deleted when no message names it.
    expect(names).toEqual([
      'POST /api/v5/session/demo/message',
      'POST /api/v5/session',
      'POST /api/v5/users/{user_id}/files',
      'POST /api/v5/orgs/{organization_id}/users/{user_id}/tokens',
      'POST /api/v5/orgs/{organization_id}/users/{user_id}/sign_in_links',
      'POST /api/v5/orgs/{organization_id}/routers/reach',
      'POST /api/v5/users/{user_id}/live/tickets',
      'POST /api/v5/public/visitors/{visitor_id}/live/tickets',
      'POST /api/v5/public/orgs/{organization_id}/auth',
      'POST /api/v5/public/visitors/{visitor_id}/files',
      'POST /api/v1/replies/{token}',
    ]);
    expect(without.filter(({ name }) => name.endsWith('/rotate'))).toEqual([]);
    expect(posts.length).toBeGreaterThan(30);
  });

  test('documents 503 for each operation', () => {
    const certain = operations.filter(({ operation }) => operation.responses['503'] === undefined);
    expect(certain.map(({ name }) => name)).toEqual([]);
  });

  test('uses components for what many operations share', () => {
    const schemas = Object.keys(document.components?.schemas ?? {});
    expect(schemas).toEqual(expect.arrayContaining(['Detail', 'FieldErrors', 'ChatPage', 'ChatMessagePage']));
  });
});
