/** `npm run doctor`: whether a deployment is complete and answers. Changes nothing. */
import { readCommandLine } from './command-line.ts';
import { examine } from './deployment-checks.ts';
import { DeploymentRefused, readTarget } from './deployment-target.ts';
import { runWrangler } from './wrangler-command.ts';

const { env: environment = '' } = readCommandLine({
  run: 'npm run doctor',
  does: `Checks a deployment: bindings, migrations, queues, cron, the secret, the public address, and whether the hub answers.
Changes nothing. Ends with 1 when a check fails.`,
  options: {
    env: {
      takes: 'NAME',
      says: 'environment of wrangler.toml: staging or production; the one without a name by default',
    },
  },
});

try {
  const findings = await examine({ target: await readTarget(environment), run: runWrangler, fetch });
  for (const { what, problem } of findings)
    console.log(problem === null ? `ok    ${what}` : `WRONG ${what}: ${problem}`);
  process.exitCode = findings.some(({ problem }) => problem !== null) ? 1 : 0;
} catch (error) {
  console.error(error instanceof DeploymentRefused ? error.message : error);
  process.exitCode = 1;
}
