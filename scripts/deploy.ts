/** `npm run deploy`: creates what the account lacks, applies the migrations and deploys. docs/deploying.md has the rest. */
import { DeploymentRefused, deploy } from './deployment.ts';
import { projectPath } from './project.ts';
import { runWrangler } from './wrangler-command.ts';

try {
  await deploy({ run: runWrangler, configPath: projectPath('wrangler.toml'), say: (line) => console.log(line) });
} catch (error) {
  console.error(error instanceof DeploymentRefused ? error.message : error);
  process.exitCode = 1;
}
