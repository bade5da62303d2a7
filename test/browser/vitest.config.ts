import { defineConfig } from 'vitest/config';
import { useOwnTemporaryFolder } from '../support/temporary-files.ts';

useOwnTemporaryFolder();

/** They measure times, or stop the hub. Other files beside them would make them fail. */
const ALONE = ['breaks', 'speed'].map((name) => `test/browser/console/${name}.test.ts`);

const common = {
  environment: 'node',
  // Each file has a hub and a browser of its own. What runs them is large, so it is loaded once for all files.
  isolate: false,
  // Long, so that a busy machine does not make a test fail.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // A second by default, in which a busy machine does not even draw a page.
  expect: { poll: { timeout: 60_000 } },
  // A real browser and a real hub share a small machine. A test that fails twice has failed; vitest names the others.
  retry: 1,
} as const;

/** Not part of `npm test`: these tests need a browser. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'browser alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
