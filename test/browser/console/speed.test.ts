import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';
import { loadPage } from '../../support/local/page-load.ts';

const CHATS = 20;
/** A chat of many messages. */
const LONG = 12;

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
  for (let chat = 0; chat < CHATS; chat++) await site.write(`speed ${chat}`, `Question ${chat}.`, `Person ${chat}.`);
  // Whoever opens it sees its end: the lines of its beginning need not be drawn.
  for (let line = 0; line < 40; line++) await site.write(`speed ${LONG}`, `Line ${line}.`, `Person ${LONG}.`);
  await site.write(`speed ${LONG}`, `Question ${LONG}.`, `Person ${LONG}.`);
});
afterAll(() => site?.stop());

/** Clicks the row of a chat, and answers the time (ms) until its message is painted. */
const opened = (page: Page, chat: number): Promise<number> =>
  page.evaluate(async (number) => {
    const { document, performance, requestAnimationFrame } = globalThis as unknown as {
      document: { querySelectorAll(selector: string): Iterable<{ textContent: string; click(): void }> };
      performance: { now(): number };
      requestAnimationFrame(then: () => void): void;
    };
    const row = [...document.querySelectorAll('.list-link')].find((each) =>
      each.textContent.includes(`Person ${number}.`),
    );
    const begin = performance.now();
    row?.click();
    for (;;) {
      await new Promise<void>((resolve) => requestAnimationFrame(resolve));
      const [log] = document.querySelectorAll('[role=log]');
      if (log?.textContent.includes(`Question ${number}.`) === true) return performance.now() - begin;
      if (performance.now() - begin > 20_000) throw new Error(`chat ${number} was not shown`);
    }
  }, chat);

/** The last part of a path or a call, or the kind of a file. */
const nameOf = (path: string) => path.replace(/ .*\//, ' ').replace(/^.*[./]/, '');

/**
 * Put into the page before its scripts: `drawnBy(chat)` opens a chat, and answers how many components React draws for it
 * within a second, and how many messages come into the page. React reports what it has drawn to its developer tools.
 */
const countDrawn = `
  let components = 0;
  const count = (fiber, isNew) => {
    for (; fiber !== null; fiber = fiber.sibling) {
      const isMounted = isNew || fiber.alternate === null;
      const isDrawn = isMounted || (fiber.flags & 1) !== 0;
      if (isDrawn && typeof (fiber.type?.type ?? fiber.type?.render ?? fiber.type) === 'function') components += 1;
      if (isMounted || fiber.child !== fiber.alternate.child) count(fiber.child, isMounted);
    }
  };
  globalThis.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
    supportsFiber: true,
    inject: () => 1,
    onCommitFiberRoot: (_, root) => count(root.current.child, false),
    onCommitFiberUnmount() {},
    onPostCommitFiberRoot() {},
    onScheduleFiberRoot() {},
  };
  globalThis.drawnBy = async (chat) => {
    const row = [...document.querySelectorAll('.list-link')].find((each) => each.textContent.includes('Person ' + chat + '.'));
    let messages = 0;
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes)
          if (node instanceof Element) messages += node.querySelectorAll('.message').length + (node.matches('.message') ? 1 : 0);
    }).observe(document.querySelector('.inbox-main'), { childList: true, subtree: true });
    components = 0;
    row.click();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return { components, messages };
  };
`;

const median = (times: number[]) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0;
const shown = (times: number[]) => `median ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms`;

// The bounds are loose, because the machine of a test is busy. What was measured is printed.
describe('the console is quick', () => {
  it('to open a chat, and quicker to open it again', async () => {
    const { page, signIn } = await site.open({ height: 2000 });
    await signIn(site.site.demo.agent);
    await page.getByRole('link', { name: /Person 19\./ }).waitFor();
    const chats = Array.from({ length: CHATS }, (_, chat) => chat);
    const first: number[] = [];
    for (const chat of chats) first.push(await opened(page, chat));
    const again: number[] = [];
    for (const chat of chats) again.push(await opened(page, chat));
    console.log(`first open: ${shown(first)}; again: ${shown(again)}`);
    expect(median(again)).toBeLessThan(200);
    expect(median(first)).toBeLessThan(1_000);
  });

  it('to open a chat again, since only what is another chat’s is drawn, each message once, and nothing is read', async () => {
    const { page, context, signIn } = await site.open({ height: 2000 });
    await signIn(site.site.demo.agent);
    await context.addInitScript(countDrawn);
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('link', { name: /Person 19\./ }).waitFor();
    let asked: string[] = [];
    let last = 0;
    page.on('request', (request) => {
      last = Date.now();
      asked.push(nameOf(`${request.method()} ${new URL(request.url()).pathname}`));
    });
    for (const chat of [LONG, 2, 8]) {
      await opened(page, chat);
      // What belongs to the chat is read by then, and those beside it.
      await expect.poll(() => Date.now() - last, { timeout: 60_000 }).toBeGreaterThan(3_000);
    }
    asked = [];
    const drawn = await page.evaluate<{ components: number; messages: number }>(`drawnBy(${LONG})`);
    console.log(`drawn to open a chat again: ${drawn.components} components`);
    // Some 300 with the twenty clocks of the list, which go on; the whole page would be drawn by each of its parts.
    expect(drawn.components).toBeLessThan(450);
    expect(drawn.messages).toBe(await page.locator('.log .message').count());
    expect(asked.filter((each) => each !== 'svg' && !each.endsWith(' view'))).toEqual([]);
  });

  it('to load, by few requests, of which few are before the list', async () => {
    // Nothing is told any more of what was written before: the page would read it.
    const { context, signIn } = await site.open();
    await signIn(site.site.demo.agent);
    const { before, calls } = await loadPage(context, `${site.site.hub.url}/console/inbox/open`);
    // The page, its script, its libraries and its style; who is signed in; the list.
    expect(before.map(nameOf).sort()).toEqual(['css', 'inbox', 'js', 'js', 'open', 'session']);
    const ofUser = ['GET inbox', 'GET inbox', 'GET counts', 'GET incoming_chat_invitations', 'POST clients'];
    expect(calls.map(nameOf).sort()).toEqual(['GET session', ...ofUser].sort());
  });

  it('to open who waits longest, what one points at, and what is beside the open chat, since it was read beforehand', async () => {
    const { page, signIn, complaints } = await site.open({ height: 2000 });
    const reads: string[] = [];
    page.on('request', (request) => {
      const chat = /chats\/([^/]+)\/messages/.exec(request.url())?.[1];
      if (chat !== undefined) reads.push(chat);
    });
    await signIn(site.site.demo.agent);
    const row = (chat: number) => page.getByRole('link', { name: new RegExp(`Person ${chat}\\.`) });
    const idsOf = async (...chats: number[]) =>
      Promise.all(chats.map(async (chat) => String(await row(chat).getAttribute('data-chat'))));
    const log = page.getByRole('log');
    await row(19).waitFor();
    const first = await idsOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    await expect.poll(() => reads.toSorted(), { timeout: 30_000 }).toEqual(first.toSorted());
    // One of these is kept as it is, and opened without a request for its messages.
    await site.write('speed 3', 'Is anybody there?', 'Person 3.');
    await row(3).click();
    await log.getByText('Is anybody there?').waitFor();
    await page.keyboard.press('k');
    await log.getByText('Question 2.').waitFor();
    await row(15).hover();
    await expect.poll(() => reads.slice(10)).toEqual(await idsOf(15));
    await row(15).click();
    await log.getByText('Question 15.').waitFor();
    const near = await idsOf(14, 15, 16);
    await expect.poll(() => reads.slice(10).toSorted()).toEqual(near.toSorted());
    await page.keyboard.press('j');
    await log.getByText('Question 16.').waitFor();
    await expect.poll(() => reads.slice(10).toSorted()).toEqual((await idsOf(14, 15, 16, 17)).toSorted());
    // What the list gets is not read: a page at rest makes no request.
    await log.hover();
    await site.write('speed late', 'Question late.', 'Person late.');
    await page.getByRole('link', { name: /Person late\./ }).waitFor();
    await page.getByRole('link', { name: /^Mine/ }).click();
    await page.getByText('You answer no chat.').waitFor();
    expect(reads).toHaveLength(14);
    expect(complaints).toEqual([]);
  });

  it('to show what a visitor writes, and asks the hub for nothing then', async () => {
    const { page, signIn } = await site.open();
    await signIn(site.site.demo.agent2);
    await page.getByRole('link', { name: /Person 3\./ }).click();
    await page.getByRole('log').getByText('Question 3.').waitFor();
    // Counts and what belongs to the visitor are asked for a moment later, and the list a second time after five seconds.
    await page.waitForTimeout(8_000);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    const times: number[] = [];
    for (let message = 0; message < 10; message++) {
      const text = `Live message ${message}.`;
      const begin = performance.now();
      const sight = page.getByRole('log').getByText(text).waitFor();
      await site.write('speed 3', text, 'Person 3.');
      await sight;
      times.push(performance.now() - begin);
    }
    console.log(`from a visitor's POST to the screen: ${shown(times)}`);
    expect(median(times)).toBeLessThan(1_000);
    expect(asked).toEqual([]);
  });
});
