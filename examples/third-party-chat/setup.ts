/**
 * Sets up the hub for this application (README.md), which may be repeated: node setup.ts                     with the
 * hub that the environment names node setup.ts --demo demo.json    with the hub of `npm start`, and writes its
 * environment to the file .env beside this one
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigurationRefused, readConfiguration } from './configuration.ts';
import { HubRefused } from './hub-request.ts';
import { writeLocalEnvironment } from './local-environment.ts';
import { registerApp } from './register-app.ts';

try {
  const { values } = parseArgs({ options: { demo: { type: 'string' } } });
  const environment =
    values.demo === undefined
      ? process.env
      : { ...process.env, ...writeLocalEnvironment(values.demo, join(import.meta.dirname, '.env')) };
  const configuration = readConfiguration(environment);
  const appId = await registerApp(configuration);
  console.log(`App ${appId} is installed; its webhooks go to ${configuration.appUrl}.`);
} catch (error) {
  const { code } = error as NodeJS.ErrnoException;
  const isRefusal = error instanceof ConfigurationRefused || error instanceof HubRefused;
  console.error(isRefusal || code?.startsWith('ERR_PARSE_ARGS') ? (error as Error).message : error);
  process.exitCode = 1;
}
