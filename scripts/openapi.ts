import { readFile, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { readCommandLine } from './command-line.ts';
import { projectPath } from './project.ts';

const { check: isCheckOnly } = readCommandLine({
  run: 'npm run openapi',
  does: 'Writes the OpenAPI document of the hub to public/openapi.json.',
  options: { check: { says: 'only compares, and ends with 1 when the file differs from the routes' } },
});

// Plain Node lacks the runtime's modules. Definitions of routes call nothing in them.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('cloudflare:')
      ? { url: 'data:text/javascript,export const waitUntil = undefined;', shortCircuit: true }
      : next(specifier, context),
});

const { createApp } = await import('../src/app.ts');
const { openApiDocument } = await import('../src/api/openapi/document.ts');

const { version } = JSON.parse(await readFile(projectPath('package.json'), 'utf8')) as { version: string };
const made = `${JSON.stringify(openApiDocument(createApp(), version), null, 2)}\n`;
const path = projectPath('public/openapi.json');
if (!isCheckOnly) {
  await writeFile(path, made);
} else if ((await readFile(path, 'utf8')) !== made) {
  console.error('public/openapi.json differs from the routes. Renew it with: npm run openapi');
  process.exitCode = 1;
}
