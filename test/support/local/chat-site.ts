import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../../../scripts/chromium.ts';
import { freePort } from '../../../scripts/free-port.ts';
import { makeFolder, openHub, type TestHub } from './hub.ts';
import { runScript } from './script-process.ts';

const APPLICATION = 'examples/third-party-chat';

export type ChatSite = {
  site: TestHub;
  /** Address of the application. */
  url: string;
  page: Page;
  /** Says to the hub, in the name of the only visitor of the application, that they type in a chat, or (false) no longer. */
  type(chatId: string, isTyping: boolean): Promise<void>;
  /** The page's output on the browser's console, and its uncaught errors. */
  console: readonly string[];
  /** For the analysis of a failure: the page, its console, and the logs of the application and the hub. */
  report(): Promise<string>;
  stop(): Promise<void>;
};

/** A hub, the example application set up with it by its own scripts, and a page of a browser. */
export async function openChatSite(): Promise<ChatSite> {
  const endings: (() => Promise<unknown>)[] = [];
  async function stop(): Promise<void> {
    for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end();
  }
  try {
    const site = await openHub();
    endings.push(() => site.stop());
    const folder = await makeFolder();
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const variables = {
      HUB_URL: site.hub.url,
      HUB_ORGANIZATION_ID: site.demo.organization_id,
      HUB_ROOM_ID: site.demo.room_id,
      HUB_API_TOKEN: site.demo.settings_token,
      WEBHOOK_SECRET: 'secret of the browser test & more',
      APP_PORT: String(port),
      APP_URL: url,
      STORE_PATH: join(folder, 'store.sqlite'),
    };
    const application = runScript(`${APPLICATION}/server.ts`, [], variables);
    endings.push(() => {
      application.kill('SIGTERM');
      return application.ended;
    });
    await application.waitForOutput('The chat is on');
    const setup = runScript(`${APPLICATION}/setup.ts`, [], variables);
    if ((await setup.ended) !== 0) throw new Error(`setup.ts failed:\n${setup.output()}`);

    const browser = await openBrowser();
    endings.push(() => browser.close());
    const page = await browser.newPage();
    const console: string[] = [];
    page.on('console', (message) => console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => console.push(`error: ${error.message}`));
    return {
      site,
      url,
      page,
      console,
      async type(chatId, isTyping) {
        const { visitor_id, access_token } = visitorIn(variables.STORE_PATH);
        const path = `/api/v5/public/visitors/${visitor_id}/chat_memberships/${chatId}`;
        const body = { composing_status: isTyping ? 'typing' : 'typed' };
        const { status } = await site.client.request('PATCH', path, body, access_token);
        if (status !== 200) throw new Error(`the hub answered ${status}`);
      },
      stop,
      async report() {
        return [
          `--- ${page.url()}`,
          ...(await page.locator('body').allInnerTexts()),
          '--- console',
          ...console,
          '--- application',
          application.output(),
          '--- hub',
          ...site.log.map(({ message }) => message),
        ].join('\n');
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A browser of its own. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

let shared: Browser | null = null;

/** The browser of all files of this process, since starting one takes a second. Whoever opens a context in it closes it. */
export async function sharedBrowser(): Promise<Browser> {
  if (shared?.isConnected() !== true) shared = await openBrowser();
  return shared;
}

/** Who the application's visitor is for the hub. Its pages do not tell of typing. */
function visitorIn(storePath: string): { visitor_id: string; access_token: string } {
  const store = new DatabaseSync(storePath, { readOnly: true });
  try {
    const [visitor] = store.prepare('SELECT visitor_id, access_token FROM visitors').all();
    if (visitor === undefined) throw new Error('the application has no visitor');
    return { visitor_id: String(visitor['visitor_id']), access_token: String(visitor['access_token']) };
  } finally {
    store.close();
  }
}
