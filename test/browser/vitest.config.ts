import { defineConfig } from 'vitest/config';

/** Apart from the project's other tests: these need a browser. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    environment: 'node',
    // Generous: a busy machine must not decide what passes.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
