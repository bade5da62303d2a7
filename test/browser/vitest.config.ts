import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: these tests need a browser. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    environment: 'node',
    // Each file has a hub and a browser of its own. What runs them is large, so it is loaded once for all files.
    isolate: false,
    maxWorkers: 2,
    // Long, so that a busy machine does not make a test fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
