import { readFile, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { projectPath } from './project.ts';

// Plain Node lacks the runtime's own modules. Nothing of them is called while routes are defined.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('cloudflare:')
      ? { url: 'data:text/javascript,export const waitUntil = undefined;', shortCircuit: true }
      : next(specifier, context),
});

const { createApp } = await import('../src/app.ts');
const { openApiDocument } = await import('../src/api/openapi/document.ts');

/** Writes the OpenAPI document of the hub to public/openapi.json; `--check` only compares, and ends with 1 when they differ. */
const { version } = JSON.parse(await readFile(projectPath('package.json'), 'utf8')) as { version: string };
const made = `${JSON.stringify(openApiDocument(createApp(), version), null, 2)}\n`;
const path = projectPath('public/openapi.json');
if (!process.argv.includes('--check')) {
  await writeFile(path, made);
} else if ((await readFile(path, 'utf8')) !== made) {
  console.error('public/openapi.json is not what the routes say. Renew it with: npm run openapi');
  process.exitCode = 1;
}
