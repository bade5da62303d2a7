/** `npm run deploy`: creates what the account lacks, applies the migrations and deploys. docs/deploying.md has the rest. */
import { readCommandLine } from './command-line.ts';
import { deploy, rehearse } from './deployment.ts';
import { DeploymentRefused, readTarget } from './deployment-target.ts';
import { runWrangler } from './wrangler-command.ts';

const {
  env: environment = '',
  'dry-run': isDryRun,
  percentage = null,
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
      says: 'the new version gets so many % of the requests, the one before the rest',
    },
  },
});

try {
  const target = await readTarget(environment);
  const deployment = { target, run: runWrangler, say: (line: string) => console.log(line) };
  await (isDryRun ? rehearse(deployment) : deploy(deployment, percentage));
} catch (error) {
  console.error(error instanceof DeploymentRefused ? error.message : error);
  process.exitCode = 1;
}
