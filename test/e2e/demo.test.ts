import { expect, test } from 'vitest';
import { runScript } from '../support/local/script-process.ts';

test('npm run demo: every step and batch of the documented example comes out as documented', async () => {
  const demo = runScript('scripts/demo.ts', []);
  const code = await demo.ended;
  const output = demo.output();
  expect(output.split('\n').slice(-12).join('\n')).toContain('Everything is as documented.');
  expect(code).toBe(0);
  for (const step of ['Step 1', 'Step 2', 'Step 3', 'Step 4', 'Step 5', 'Step 6', 'Batch: two', 'Batch: a visitor']) {
    expect(output).toContain(`━━ ${step}`);
  }
  expect(output.match(/signature verified/g)).toHaveLength(4);
});
