/** `npm test`: everything that must hold before a change is merged, in one order, stopping at the first failure. */
import { spawn } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { readCommandLine } from './command-line.ts';
import { projectPath, projectRoot } from './project.ts';
import { buildSite, consoleSize } from './site-build.ts';
import { buildWorker, hubSources } from './worker-build.ts';

/** Well below the 3 MB of the smallest plan. A larger bundle probably contains something by mistake. */
const BUNDLE_LIMIT_BYTES = 1_000_000;

/** Of the console, with gzip: what a browser loads before it shows anything, and everything. */
const CONSOLE_LIMIT_BYTES = { initial: 200_000, all: 320_000 };

/** In a file or a CI log Biome's colours make a difference unreadable: it writes an escape for each letter. */
const plainText = process.stdout.isTTY ? [] : ['--colors=off'];

type Step = { name: string; run(): Promise<boolean> };

const steps: readonly Step[] = [
  {
    name: 'format and lint',
    run: () => command(projectPath('node_modules/.bin/biome'), ['ci', '--error-on-warnings', ...plainText, '.']),
  },
  { name: 'generated types are up to date', run: () => command('npm', ['run', '--silent', 'types', '--', '--check']) },
  { name: 'types', run: checkTypes },
  { name: 'bundle', run: checkBundle },
  { name: 'console', run: checkConsole },
  { name: 'tests', run: () => command(projectPath('node_modules/.bin/vitest'), ['run']) },
];

/**
 * The Worker and its tests do not see Node's types, the console sees a browser's, and everything else sees Node's. These four
 * run at once, so each has one checker: every further one computes much of the same again.
 */
async function checkTypes(): Promise<boolean> {
  const tsc = projectPath('node_modules/.bin/tsc');
  const check = (project: string) => command(tsc, ['--checkers', '1', '--project', project]);
  const passed = await Promise.all(['src', 'src/console-app', 'test/worker', '.'].map(check));
  return !passed.includes(false);
}

function command(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: projectRoot, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

/** Builds like a deployment and measures the compressed module. */
async function checkBundle(): Promise<boolean> {
  const { script } = await buildWorker(hubSources, true);
  const size = gzipSync(script, { level: 9 }).length;
  console.log(
    `${(script.length / 1000).toFixed(0)} kB, ${(size / 1000).toFixed(1)} kB with gzip; the limit is 1000 kB`,
  );
  return size < BUNDLE_LIMIT_BYTES;
}

async function checkConsole(): Promise<boolean> {
  await buildSite(true);
  const { initial, all } = await consoleSize();
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);
  const limits = CONSOLE_LIMIT_BYTES;
  console.log(
    `${kilobytes(initial)} kB at first, ${kilobytes(all)} kB in all, with gzip; the limits are ${limits.initial / 1000} and ${limits.all / 1000} kB`,
  );
  return initial < limits.initial && all < limits.all;
}

readCommandLine({
  run: 'npm test',
  does: 'Checks format, types, bundle and tests, and stops at the first failure. One test file: npx vitest run <file>.',
  options: {},
});

const begin = performance.now();
const times: string[] = [];
for (const step of steps) {
  console.log(`\n▶ ${step.name}`);
  const stepBegin = performance.now();
  const passed = await step.run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return false;
  });
  times.push(`${seconds(stepBegin).padStart(8)}  ${step.name}`);
  if (!passed) {
    console.error(`\n✗ ${step.name} failed after ${seconds(stepBegin)}`);
    process.exit(1);
  }
}
console.log(`\n${times.join('\n')}\n${seconds(begin).padStart(8)}  all\n`);

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
