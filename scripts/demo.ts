/**
 * `npm run demo`: plays the documented integration example against a hub and compares every answer and webhook with the documents. With
 * `--all` it goes on with the examples of the other interfaces. Exits 1 when anything differs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminToken, defaultBaseUrl, NO_ADMIN_TOKEN } from './admin-connection.ts';
import { readCommandLine } from './command-line.ts';
import { replayTexts } from './demo/all-texts.ts';
import { playIntegrationExample } from './demo/integration-example.ts';
import { Play } from './demo/play.ts';
import { loggedWebhooks, receivedWebhooks, type WebhookFeed } from './demo/webhook-feed.ts';
import { readDemo } from './demo-file.ts';
import { startDemoHub } from './demo-hub.ts';
import { createDemoOrganizations, type DemoOrganizations } from './demo-organizations.ts';
import { StartRefused } from './store-folder.ts';

type Stage = {
  baseUrl: string;
  adminToken: string;
  demo: DemoOrganizations;
  feed: WebhookFeed;
  leave(): Promise<void>;
};

/** A demo takes a minute or two; the tokens that it makes on a hub of others open nothing afterwards. */
const TOKEN_LIFETIME_MILLISECONDS = 3_600_000;

async function runningHub(baseUrl: string, folder: string): Promise<Stage> {
  const demo = await readDemo(folder);
  if (demo === null) {
    throw new StartRefused(`There is no demo.json in ${folder}; name the hub's folder with --persist-to.`);
  }
  if (new URL(demo.base_url).origin !== new URL(baseUrl).origin) {
    throw new StartRefused(
      `${join(folder, 'demo.json')} belongs to ${demo.base_url}, not to ${baseUrl}; name the right folder with --persist-to.`,
    );
  }
  return {
    baseUrl: new URL(baseUrl).origin,
    adminToken: demo.admin_token,
    demo,
    feed: await receivedWebhooks(),
    leave: () => Promise.resolve(),
  };
}

/** A hub that this machine cannot receive from gets organizations for this demo; its delivery log shows the webhooks. */
async function remoteHub(baseUrl: string, webhookUrl: string | null): Promise<Stage> {
  const token = adminToken();
  if (token === null) throw new StartRefused(NO_ADMIN_TOKEN);
  const { origin } = new URL(baseUrl);
  const demo = await createDemoOrganizations(origin, token, Date.now() + TOKEN_LIFETIME_MILLISECONDS);
  return {
    baseUrl: origin,
    adminToken: token,
    demo,
    feed: loggedWebhooks(webhookUrl),
    leave: () => Promise.resolve(),
  };
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
    baseUrl: hub.url,
    adminToken: hub.adminToken,
    demo: hub.demo,
    feed: await receivedWebhooks(),
    async leave() {
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function play({ baseUrl, demo, feed }: Stage): Promise<readonly string[]> {
  const playing = new Play(baseUrl, feed, print);
  try {
    await playIntegrationExample(playing, demo, feed.webhookUrl);
    return playing.differences;
  } catch (error) {
    return [...playing.differences, (error as Error).message];
  } finally {
    await feed.stop();
  }
}

/** In organizations of its own, so that those of a running hub stay as they are. */
async function playTheOthers({ baseUrl, adminToken: token }: Stage): Promise<readonly string[]> {
  const demo = await createDemoOrganizations(baseUrl, token, Date.now() + TOKEN_LIFETIME_MILLISECONDS);
  const { replayed, differences } = await replayTexts(baseUrl, token, demo, print);
  print(`\n${replayed} examples of the other texts were replayed.`);
  return differences;
}

const {
  all: isWhole,
  'base-url': baseUrl,
  'persist-to': persistTo = '.wrangler',
  remote: isRemote,
  'webhook-url': webhookUrl = null,
} = readCommandLine({
  run: 'npm run demo',
  does: 'Plays the documented integration example, and ends with 1 when an answer or a webhook differs from the documents.',
  options: {
    all: { says: 'also replays the examples of the other published texts; the hub must reach this machine' },
    'base-url': { takes: 'URL', says: 'a hub that npm start runs; without it one is started for the demo' },
    'persist-to': { takes: 'DIR', says: 'folder in which that hub keeps demo.json, .wrangler by default' },
    remote: {
      says: 'the hub is a deployed one: makes organizations with UMI_ADMIN_TOKEN, and reads the webhooks from its delivery log',
    },
    'webhook-url': {
      takes: 'URL',
      says: 'with --remote: an address of yours that answers 200; without it the webhooks must fail',
    },
  },
});

async function prepare(): Promise<Stage> {
  if (webhookUrl !== null && !isRemote) throw new StartRefused('--webhook-url goes with --remote.');
  if (isWhole && isRemote)
    throw new StartRefused('--all does not go with --remote: its webhooks come to this machine.');
  const address = isRemote ? (baseUrl ?? defaultBaseUrl()) : baseUrl;
  if (address === undefined) return await hubOfItsOwn();
  if (!URL.canParse(address)) throw new StartRefused(`--base-url takes an address, not "${address}".`);
  return isRemote ? await remoteHub(address, webhookUrl) : await runningHub(address, persistTo);
}

try {
  const stage = await prepare();
  const differences = [...(await play(stage)), ...(isWhole ? await playTheOthers(stage) : [])];
  await stage.leave();
  print(differences.length === 0 ? '\nEverything is as documented.' : `\n${differences.length} differences:`);
  for (const difference of differences) print(`  ${difference}`);
  process.exitCode = differences.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(error instanceof StartRefused ? `${error.message}\n` : `${String((error as Error).stack)}\n`);
  process.exitCode = 1;
}
