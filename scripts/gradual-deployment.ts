/**
 * A version for some of the requests, and later the same version for all of them: what was tried is what everybody gets. Cloudflare
 * allows it for code and variables only. A version that changes object classes cannot be put beside another one.
 */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AskCloudflare } from './cloudflare-account.ts';
import { DeploymentRefused, environmentArgument, type Target, versionArguments } from './deployment-target.ts';
import { must, type RunWrangler } from './wrangler-command.ts';

type LiveVersion = { version_id: string; percentage: number };
type Account = { target: Target; run: RunWrangler; say(line: string): void };

/** `before`: the live version that a new one can be put beside. `problem`: why there is none, without a full stop. */
export type Beside = { before: string } | { problem: string };

/** Whether a version built from this configuration can be put beside the one that is live. Changes nothing. */
export async function findBeside({ target, run }: Account, ask: AskCloudflare): Promise<Beside> {
  const [live] = await liveVersions(run, target);
  if (live === undefined) return { problem: 'There is no version yet that a new one could be put beside' };
  type Service = { default_environment: { script: { migration_tag?: string } } };
  const service = await ask<Service>(`/workers/services/${encodeURIComponent(target.worker)}`);
  const applied = service.default_environment.script.migration_tag ?? null;
  if (applied === target.objectMigration) return { before: live.version_id };
  const from = applied === null ? 'there is none' : `that of ${applied}`;
  return {
    problem: `This version changes object classes (${from} is live, it brings ${target.objectMigration}), which only a whole deployment can`,
  };
}

/**
 * Uploads a version and gives it a percentage of the requests. `before` keeps the rest. Answers the id of the new
 * version.
 */
export async function deployBeside({ target, run, say }: Account, before: string, percentage: number): Promise<string> {
  const version = await upload(run, target);
  await share(run, target, [
    { version_id: version, percentage },
    { version_id: before, percentage: 100 - percentage },
  ]);
  say(`${percentage} % of the requests go to ${version}. All of them:`);
  say(`  npm run deploy --${target.environment === '' ? '' : ` --env ${target.environment}`} --promote ${version}`);
  return version;
}

/**
 * Gives a version that is live beside another a percentage of the requests. With 100 it also brings the crons and queue
 * consumers of the configuration, which no upload changes. Repeating it changes nothing. Throws `DeploymentRefused`
 * when the version is not live, since somebody has then deployed another one meanwhile.
 */
export async function promote({ target, run, say }: Account, version: string, percentage: number): Promise<void> {
  const live = await liveVersions(run, target);
  if (!live.some(({ version_id }) => version_id === version)) {
    const shown = live.map((other) => `${other.version_id} (${other.percentage} %)`).join(', ');
    throw new DeploymentRefused(
      `The version ${version} is not live, so it was not tried. Live: ${shown === '' ? 'none' : shown}.`,
    );
  }
  const other = live.find(({ version_id }) => version_id !== version);
  if (percentage < 100 && other === undefined) {
    throw new DeploymentRefused(`The version ${version} has all requests: there is no other that could take the rest.`);
  }
  const rest = percentage === 100 || other === undefined ? [] : [{ ...other, percentage: 100 - percentage }];
  await share(run, target, [{ version_id: version, percentage }, ...rest]);
  say(`${percentage} % of the requests go to ${version}.`);
  if (percentage < 100) return;
  await must(
    run(['triggers', 'deploy', environmentArgument(target)], { output: 'show' }),
    'The crons and queue consumers could not be brought up to date',
  );
}

/** The versions that get requests, the one with the most first; none when nothing is deployed. */
export async function liveVersions(run: RunWrangler, target: Target): Promise<LiveVersion[]> {
  const { code, stdout } = await run(['deployments', 'status', '--json', environmentArgument(target)]);
  const { versions = [] } = code === 0 ? (JSON.parse(stdout) as { versions?: LiveVersion[] }) : {};
  return versions.toSorted((one, other) => other.percentage - one.percentage);
}

async function share(run: RunWrangler, target: Target, versions: readonly LiveVersion[]): Promise<void> {
  const shares = versions.map(({ version_id, percentage }) => `${version_id}@${percentage}%`);
  await must(
    run(['versions', 'deploy', ...shares, '--yes', environmentArgument(target)], { output: 'show' }),
    'The version could not be deployed',
  );
}

/** Uploads a version that gets no requests yet; answers its id. */
async function upload(run: RunWrangler, target: Target): Promise<string> {
  // wrangler's own record of what it did: lines of JSON.
  const record = join(tmpdir(), `umi-version-${process.pid}.ndjson`);
  try {
    await must(
      run(['versions', 'upload', ...versionArguments(target)], {
        output: 'show',
        environment: { WRANGLER_OUTPUT_FILE_PATH: record },
      }),
      'The upload failed',
    );
    const version = (await readFile(record, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; version_id?: string })
      .find(({ type }) => type === 'version-upload')?.version_id;
    if (version === undefined) throw new DeploymentRefused('wrangler did not say which version it has uploaded.');
    return version;
  } finally {
    await rm(record, { force: true });
  }
}
