import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Demo } from '../../../scripts/demo-file.ts';
import { sharedBrowser } from './chat-site.ts';
import { openHub, type TestHub, type TestHubOptions } from './hub.ts';
import type { Channel, Receipt } from './hub-client.ts';

export type ConsoleSite = {
  site: TestHub;
  /** A channel whose replies go to the site's receiver. */
  channel: Channel;
  /** A visitor writes through the channel. The thread is a new one unless it was named before. */
  write(thread: string, body: string, name?: string): Promise<Receipt>;
  /** A new browser without a session, on the console. */
  open(options?: PageOptions): Promise<ConsolePage>;
  stop(): Promise<void>;
};

export type PageOptions = { scheme?: 'light' | 'dark'; width?: number; height?: number };

export type ConsolePage = {
  page: Page;
  context: BrowserContext;
  /** What the page has complained of: its console, uncaught errors, and what the content policy has refused. */
  complaints: readonly string[];
  /**
   * From now on the hub is away, or the session has ended, until the page is live again: a browser reports each request
   * that fails then, and no page can keep it from that.
   */
  expectFailures(): void;
  /** Signs in with a token. */
  signIn(person: { token: string }): Promise<void>;
  /** What axe finds by WCAG 2.2 A and AA, each with the elements. Empty when all is well. */
  faults(): Promise<string[]>;
};

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** A hub with a demo organization, a channel in its room, and a browser. */
export async function openConsoleSite(
  fields: Record<string, unknown> = {},
  options: TestHubOptions = {},
): Promise<ConsoleSite> {
  const site = await openHub(options);
  const browser = await sharedBrowser();
  const contexts: BrowserContext[] = [];
  const channel = await site.client.registerChannel(site.receiver.url, { messaging_channel: 'whatsapp', ...fields });
  let messages = 0;
  return {
    site,
    channel,
    write(thread, body, name = 'Jane Doe') {
      messages += 1;
      const message = {
        body,
        thread_id: thread,
        sender_id: `${thread}@example.com`,
        message_id: `message ${messages}`,
      };
      return site.client.sendMessages(channel.id, [message], { variables: { username: name } });
    },
    async open(options) {
      const opened = await openConsole(browser, site.hub.url, options);
      contexts.push(opened.context);
      return opened;
    },
    async stop() {
      await Promise.all(contexts.map((context) => context.close()));
      await site.stop();
    },
  };
}

/** A new browser without a session, on the console of a hub. */
export async function openConsole(
  browser: Browser,
  hubUrl: string,
  { scheme = 'light', width = 1280, height = 720 }: PageOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  let mayFail = false;
  page.on('console', (message) => {
    const [text, { url }] = [message.text(), message.location()];
    if (mayFail && isFailure(text)) return;
    complaints.push(`${message.type()}: ${text} ${url}`);
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  await page.goto(`${hubUrl}/`);
  return {
    page,
    context,
    complaints,
    expectFailures() {
      mayFail = true;
      const isLiveAgain = async () => {
        await page.locator('.connection:not(.is-live)').waitFor({ timeout: 60_000 });
        await page.locator('.connection.is-live').waitFor({ timeout: 120_000 });
        // What had failed is reported a moment later.
        await page.waitForTimeout(1_000);
        mayFail = false;
      };
      isLiveAgain().catch(() => {});
    },
    signIn: (person) => signIn(page, person),
    faults: () => faultsOf(page),
  };
}

/** What Chromium reports of a request or a socket without an answer, or with 401. */
function isFailure(text: string): boolean {
  return (
    /^Failed to load resource: (net::ERR_[A-Z_]+|the server responded with a status of 401)/.test(text) ||
    /^WebSocket connection to '[^']+' failed: /.test(text)
  );
}

async function signIn(page: Page, { token }: { token: string }): Promise<void> {
  await page.getByLabel('Access token').fill(token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Live', { exact: true }).waitFor();
}

/** Resolves when nothing moves or fades any more but what does so for ever. What fades has the contrast of a shadow. */
const AT_REST = `Promise.allSettled(
  document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished),
).then(() => {})`;

async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AT_REST);
  // The content policy lets the page load no script of others; this is run beside it.
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(AXE);
  return await page.evaluate(async (rules) => {
    type Found = { id: string; help: string; nodes: { target: unknown; failureSummary?: string }[] };
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Found[] }> } };
    const { violations } = await axe.run({ runOnly: rules });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${help} ${JSON.stringify(target)} ${failureSummary ?? ''}`),
    );
  }, RULES);
}

/** The people of the demo by the name that the console shows. */
export const peopleOf = ({ agent, agent2 }: Demo) => ({ smith: agent, jones: agent2 });
