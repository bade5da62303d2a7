import { copyFile } from 'node:fs/promises';
import { projectPath } from './project.ts';

// Copies the library of the reference page to the static assets. wrangler calls this before each build (wrangler.toml).
const library = projectPath('node_modules/@scalar/api-reference/dist/browser/standalone.js');
await copyFile(library, projectPath('public/reference/scalar.js'));
