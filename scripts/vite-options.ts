import react from '@vitejs/plugin-react';
import type { InlineConfig } from 'vite';
import { projectPath } from './project.ts';

/**
 * How Vite builds and serves the console: below `/console/`. What agents need at once is the page’s own script, that of its
 * libraries, and one style sheet.
 */
export const consoleOptions: InlineConfig = {
  root: projectPath('src/console-app'),
  base: '/console/',
  configFile: false,
  envDir: false,
  publicDir: false,
  logLevel: 'warn',
  plugins: [react()],
  cacheDir: projectPath('node_modules/.vite/console'),
  build: {
    emptyOutDir: true,
    target: 'baseline-widely-available',
    // An inline script or a data: file would need a weaker content policy.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      // Rolldown puts its runtime, which all files import, into a file of its own unless the group has an entry.
      input: { index: projectPath('src/console-app/index.html'), libraries: 'react' },
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          // One file of all libraries for the first page, which deployments rarely change, one of all dialogs and menus, and
          // one of our own for the first page, instead of one for each pair of screens that shares something.
          groups: [
            { name: 'controls', test: /node_modules\/(@base-ui|@floating-ui|reselect|tabbable)\//, priority: 1 },
            { name: 'libraries', test: /node_modules\// },
            { name: 'index', tags: ['$initial'] },
          ],
        },
      },
    },
    reportCompressedSize: false,
  },
};
