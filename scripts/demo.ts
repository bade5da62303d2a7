/**
 * `npm run demo`: plays the documented integration example against a hub, with a real receiver, and compares every answer
 * and webhook with the documents. Exits 1 when anything differs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCommandLine } from './command-line.ts';
import { playIntegrationExample } from './demo/integration-example.ts';
import { Play } from './demo/play.ts';
import { type Demo, readDemo } from './demo-file.ts';
import { startDemoHub } from './demo-hub.ts';
import { StartRefused } from './local-worker.ts';
import { startReceiver } from './webhook-receiver.ts';

type Stage = { demo: Demo; leave(): Promise<void> };

async function runningHub(baseUrl: string, folder: string): Promise<Stage> {
  if (!URL.canParse(baseUrl)) throw new StartRefused(`--base-url takes an address, not "${baseUrl}".`);
  const demo = await readDemo(folder);
  if (demo === null) {
    throw new StartRefused(`There is no demo.json in ${folder}; name the hub's folder with --persist-to.`);
  }
  if (new URL(demo.base_url).origin !== new URL(baseUrl).origin) {
    throw new StartRefused(
      `${join(folder, 'demo.json')} belongs to ${demo.base_url}, not to ${baseUrl}; name the right folder with --persist-to.`,
    );
  }
  return { demo: { ...demo, base_url: new URL(baseUrl).origin }, leave: () => Promise.resolve() };
}

async function hubOfItsOwn(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'umi-demo-'));
  const hub = await startDemoHub({
    persistTo: folder,
    log: ({ level, message }) => {
      if (level === 'error') print(`[hub] ${message}`);
    },
  });
  if (hub.demo === null) throw new Error('a new store was not seeded');
  return {
    demo: hub.demo,
    async leave() {
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function play(stage: Stage): Promise<readonly string[]> {
  const receiver = await startReceiver();
  const demo = new Play(stage.demo.base_url, receiver, print);
  try {
    await playIntegrationExample(demo, stage.demo, `${receiver.url}/webhooks/replies`);
    return demo.differences;
  } catch (error) {
    return [...demo.differences, (error as Error).message];
  } finally {
    await receiver.stop();
  }
}

const { 'base-url': baseUrl, 'persist-to': persistTo = '.wrangler' } = readCommandLine({
  run: 'npm run demo',
  does: 'Plays the documented integration example, and ends with 1 when an answer or a webhook differs from the documents.',
  options: {
    'base-url': { takes: 'URL', says: 'a hub that npm start runs; without it one is started for the demo' },
    'persist-to': { takes: 'DIR', says: 'folder in which that hub keeps demo.json, .wrangler by default' },
  },
});

try {
  const stage = baseUrl === undefined ? await hubOfItsOwn() : await runningHub(baseUrl, persistTo);
  const differences = await play(stage);
  await stage.leave();
  print(differences.length === 0 ? '\nEverything is as documented.' : `\n${differences.length} differences:`);
  for (const difference of differences) print(`  ${difference}`);
  process.exitCode = differences.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(error instanceof StartRefused ? `${error.message}\n` : `${String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
