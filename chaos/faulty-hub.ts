/**
 * A local hub in its own process that runs the faulty Worker: `--port N --persist-to DIR`. CHAOS in the environment
 * chooses the fault. Its cron handler runs only when its parent sends a message.
 */
import { parseArgs } from 'node:util';
import { startDemoHub } from '../scripts/demo-hub.ts';
import type { BuildSources } from '../scripts/worker-build.ts';

const faultySources: BuildSources = {
  config: 'wrangler.toml',
  main: 'chaos/faulty-worker.ts',
  sources: ['wrangler.toml', 'package-lock.json', 'tsconfig.json', 'src', 'chaos/faulty-worker.ts'],
};

const { values } = parseArgs({ options: { port: { type: 'string' }, 'persist-to': { type: 'string' } } });
const hub = await startDemoHub({
  from: faultySources,
  port: Number(values.port),
  persistTo: values['persist-to'] ?? '',
  variables: { CHAOS: process.env['CHAOS'] ?? '' },
  log: ({ message }) => console.log(message),
});
process.on('disconnect', () => process.exit(1));
process.on('message', () => {
  hub.ringCron().catch((error: unknown) => console.error('the cron handler failed:', error));
});
