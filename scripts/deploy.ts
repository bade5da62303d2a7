/** `npm run deploy`: creates what the account lacks, applies the migrations and deploys. docs/deploying.md has the rest. */
import { appendFile } from 'node:fs/promises';
import { chooseAccount, withAccount } from './cloudflare-account.ts';
import { readCommandLine } from './command-line.ts';
import { deploy, rehearse } from './deployment.ts';
import { DeploymentRefused, readTarget } from './deployment-target.ts';
import { promote } from './gradual-deployment.ts';
import { runWrangler } from './wrangler-command.ts';

const {
  env: environment = '',
  'dry-run': isDryRun,
  percentage = null,
  promote: promoted = null,
  record = null,
} = readCommandLine({
  run: 'npm run deploy',
  does: `Creates the databases and queues that the account lacks, applies the migrations and deploys the Worker. It can be repeated.
The settings of a deployment are in deployments/<environment>.env (docs/deploying.md).`,
  options: {
    env: {
      takes: 'NAME',
      says: 'environment of wrangler.toml: staging or production; the one without a name by default',
    },
    'dry-run': { says: 'says what would be done, builds the Worker, and changes nothing' },
    percentage: {
      takes: 'N',
      from: 1,
      upTo: 99,
      says: 'the new version gets N % of the requests, the one before gets the rest',
    },
    promote: {
      takes: 'VERSION',
      says: 'uploads nothing: that version, which has some of the requests, gets all of them, or --percentage',
    },
    record: {
      takes: 'FILE',
      says: 'for CI: appends version=<id> to the file, with --dry-run gradual=true or gradual=false',
    },
  },
});

/** What cannot be kept is known before anything is deployed. */
async function tryRecord(file: string): Promise<void> {
  try {
    await appendFile(file, '');
  } catch (error) {
    throw new DeploymentRefused(`--record ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Lines `name=value`, as GitHub Actions reads the outputs of a step. */
async function keep(name: string, value: string | boolean): Promise<void> {
  if (record !== null) await appendFile(record, `${name}=${value}\n`);
}

try {
  if (record !== null) await tryRecord(record);
  if (isDryRun && promoted !== null) throw new DeploymentRefused('--promote has no dry run: it builds nothing.');
  const target = await readTarget(environment);
  const deployment = { target, run: runWrangler, fetch, say: (line: string) => console.log(line) };
  if (promoted !== null) {
    const run = withAccount(runWrangler, target);
    await chooseAccount(run, target);
    await promote({ ...deployment, run }, promoted, percentage ?? 100);
  } else if (isDryRun) {
    const isGradual = await rehearse(deployment);
    // CI would treat missing output as an answer.
    if (isGradual === null && record !== null) throw new DeploymentRefused('Log in first: npx wrangler login');
    if (isGradual !== null) await keep('gradual', isGradual);
  } else {
    const version = await deploy(deployment, percentage);
    if (version !== null) await keep('version', version);
  }
} catch (error) {
  console.error(error instanceof DeploymentRefused ? error.message : error);
  process.exitCode = 1;
}
