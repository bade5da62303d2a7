/**
 * `npm run screenshots`: takes the pictures of docs/console.md, of a scene that is the same each time. They need a browser,
 * and differ between machines by its fonts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import sharp from 'sharp';
import { chromiumPath } from '../../scripts/chromium.ts';
import { readCommandLine } from '../../scripts/command-line.ts';
import { projectPath } from '../../scripts/project.ts';
import { openBrowser } from '../support/local/chat-site.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { PICTURES, type Picture } from './pictures.ts';
import { playScene, type Scene } from './scene.ts';
import { SceneClock } from './scene-clock.ts';

const SCHEMES = ['light', 'dark'] as const;
/** The same each time, since pages show it. */
const PORT = 8799;
const DAY = '2026-03-12';
/** Enough for the colours of a screen, and small. */
const COLOURS = 128;

const { only, into = projectPath('docs/console') } = readCommandLine({
  run: 'npm run screenshots',
  does: `Takes the pictures of docs/console.md. Needs a browser: ${chromiumPath}, or the one at CHROMIUM_PATH.`,
  options: {
    only: { takes: 'NAME', says: 'takes this one only, such as chat' },
    into: { takes: 'DIR', says: 'folder of the pictures, docs/console by default' },
  },
});

type Sessions = { readonly [who in NonNullable<Picture['who']>]: StorageState };
type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;
type Desk = { site: TestHub; browser: Browser; clock: SceneClock; scene: Scene; sessions: Sessions };

async function openContext({ browser, clock, sessions }: Desk, picture: Picture, scheme: (typeof SCHEMES)[number]) {
  const context = await browser.newContext({
    ...(picture.who === null ? {} : { storageState: sessions[picture.who] }),
    viewport: picture.isPhone === true ? { width: 390, height: 720 } : { width: 1280, height: 720 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  await clock.shownIn(context);
  return context;
}

/** Begins a session without a page, so that all pictures of a person share it. */
async function signIn({ hub }: TestHub, browser: Browser, token: string): Promise<StorageState> {
  const context = await browser.newContext();
  const headers = { Origin: hub.url };
  const answer = await context.request.post(`${hub.url}/api/v5/session`, { data: { token }, headers });
  if (!answer.ok()) throw new Error(`the session was refused: ${await answer.text()}`);
  const state = await context.storageState();
  await context.close();
  return state;
}

async function take(desk: Desk, picture: Picture, scheme: (typeof SCHEMES)[number]): Promise<void> {
  const context = await openContext(desk, picture, scheme);
  try {
    const page = await context.newPage();
    await page.goto(`${desk.site.hub.url}/console${picture.path(desk.scene)}`);
    await picture.ready(page);
    if (picture.who !== null) await page.locator('.connection.is-live').waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle');
    const shot = await page.screenshot({ animations: 'disabled', caret: 'hide' });
    const file = join(into, `${picture.name}-${scheme}.png`);
    const bytes = await sharp(shot)
      .png({ palette: true, colours: COLOURS, effort: 10, compressionLevel: 9 })
      .toBuffer();
    await writeFile(file, bytes);
    console.log(`${file} ${Math.ceil(bytes.length / 1_000)} kB`);
  } finally {
    await context.close();
  }
}

const clock = new SceneClock(DAY);
clock.at('07:30');
const site = await openHub({ isDemo: true, port: PORT });
const browser = await openBrowser();
try {
  const scene = await playScene(site, clock);
  const sessions = {
    agent: await signIn(site, browser, site.demo.agent.token),
    settings: await signIn(site, browser, site.demo.settings_token),
  };
  const desk = { site, browser, clock, scene, sessions };
  await mkdir(into, { recursive: true });
  for (const picture of PICTURES.filter(({ name }) => only === undefined || name === only)) {
    for (const scheme of SCHEMES) await take(desk, picture, scheme);
  }
} finally {
  await browser.close();
  await site.stop();
}
