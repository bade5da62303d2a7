import { expect, it } from 'vitest';
import { runScript } from '../support/local/script-process.ts';

it('npm run test:browser fails without Chromium and says how to install it', async () => {
  const script = runScript('scripts/test-browser.ts', [], { CHROMIUM_PATH: '/nowhere/chromium' });
  expect(await script.ended).toBe(1);
  expect(script.output()).toContain('apt-get install -y --no-install-recommends chromium-headless-shell');
});
