/**
 * `npm run bench:startup`: how long the built Worker takes to start. "Evaluation" is the time that Cloudflare limits:
 * the run of the module's top level, from the profile of `wrangler check startup`. "Cold start" is the time from the
 * launch of the local runtime to the first answer of /healthz, with an empty store and applied migrations.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCommandLine } from '../scripts/command-line.ts';
import { startHub } from '../scripts/local-hub.ts';
import { startWorker } from '../scripts/local-worker.ts';
import { buildWorker, hubSources } from '../scripts/worker-build.ts';
import { runWrangler } from '../scripts/wrangler-command.ts';
import { median } from './statistics.ts';

const RUNS = 5;
const LIMIT_MILLISECONDS = 400;

type Profile = { startTime: number; endTime: number };

/** Milliseconds that the profiler saw while the module was evaluated. */
async function evaluationTime(folder: string): Promise<number> {
  const file = join(folder, 'startup.cpuprofile');
  const result = await runWrangler(['check', 'startup', '--outfile', file]);
  if (result.code !== 0) throw new Error(`wrangler check startup failed:\n${result.stdout}${result.stderr}`);
  const profile = JSON.parse(await readFile(file, 'utf8')) as Profile;
  return (profile.endTime - profile.startTime) / 1000;
}

/** Milliseconds from the launch of the runtime to the first answer. */
async function coldStart(store: string): Promise<number> {
  const begin = performance.now();
  const variables = { SECRETS_KEY: randomBytes(32).toString('base64') };
  const worker = await startWorker({ from: hubSources, persistTo: store, variables });
  const response = await fetch(`${worker.url}/healthz`);
  await response.arrayBuffer();
  const milliseconds = performance.now() - begin;
  await worker.stop();
  if (response.status !== 200) throw new Error(`/healthz answered ${response.status}`);
  return milliseconds;
}

readCommandLine({
  run: 'npm run bench:startup',
  does: 'Measures how long the built Worker takes to start: the evaluation of its module, and a cold start.',
  options: {},
});

const folder = await mkdtemp(join(tmpdir(), 'umi-startup-'));
try {
  await buildWorker();
  await (await startHub({ persistTo: folder })).stop();
  const evaluations: number[] = [];
  const starts: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    evaluations.push(await evaluationTime(folder));
    starts.push(await coldStart(folder));
  }
  const verdict = median(evaluations) <= LIMIT_MILLISECONDS ? 'yes' : 'NO';
  console.log(
    `evaluation  ${median(evaluations).toFixed(0)} ms, median of ${RUNS}; under ${LIMIT_MILLISECONDS}: ${verdict}`,
  );
  console.log(
    `cold start  ${median(starts).toFixed(0)} ms, median of ${RUNS}, the launch of the local runtime included`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
