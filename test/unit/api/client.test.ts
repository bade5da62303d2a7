import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const path = (name: string) => join(import.meta.dirname, '../../..', name);

/** Fields with a default may be left out of a request. Without this option the generator requires them. */
const OPTIONS = ['--default-non-nullable', 'false'];

test('a typed client is generated from the OpenAPI document, and a program that uses it compiles', async () => {
  const generator = path('test/client/node_modules/openapi-typescript/bin/cli.js');
  await run(process.execPath, [
    generator,
    path('public/openapi.json'),
    '-o',
    path('test/client/schema.d.ts'),
    ...OPTIONS,
  ]);
  const compiled = await run(path('node_modules/.bin/tsc'), ['-p', path('test/client')]).catch((error) => error);
  expect(compiled.stdout).toBe('');
});
