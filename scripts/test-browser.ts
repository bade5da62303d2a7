/**
 * `npm run test:browser`: the tests that need a browser, Debian's Chromium or the one at CHROMIUM_PATH. They are not
 * part of `npm test`, which needs only npm.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { chromiumPath } from './chromium.ts';
import { readCommandLine } from './command-line.ts';
import { projectPath, projectRoot } from './project.ts';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

readCommandLine({
  run: 'npm run test:browser',
  does: `Runs the tests that need a browser: ${chromiumPath}, or the one at CHROMIUM_PATH.`,
  options: {},
});

if (isExecutable(chromiumPath)) {
  const vitest = spawn(projectPath('node_modules/.bin/vitest'), ['run', '--config', 'test/browser/vitest.config.ts'], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  vitest.once('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  vitest.once('close', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(
    [
      `There is no Chromium at ${chromiumPath}. On Debian, as root:`,
      '  apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell',
      'or set CHROMIUM_PATH to the one that you have.',
    ].join('\n'),
  );
  process.exitCode = 1;
}
