import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const CHATS = 20;

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
  for (let chat = 0; chat < CHATS; chat++) await site.write(`speed ${chat}`, `Question ${chat}.`, `Person ${chat}.`);
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

  it('to open what one points at, and what is beside the open chat, since it was read beforehand', async () => {
    const { page, signIn, complaints } = await site.open({ height: 2000 });
    await signIn(site.site.demo.agent);
    const reads: string[] = [];
    page.on('request', (request) => {
      const chat = /chats\/([^/]+)\/messages/.exec(request.url())?.[1];
      if (chat !== undefined) reads.push(chat);
    });
    const row = (chat: number) => page.getByRole('link', { name: new RegExp(`Person ${chat}\\.`) });
    const idOf = async (chat: number) => String(await row(chat).getAttribute('data-chat'));
    const log = page.getByRole('log');
    await row(10).waitFor();
    // A page at rest reads nothing.
    expect(reads).toEqual([]);
    await row(3).hover();
    await expect.poll(() => reads).toEqual([await idOf(3)]);
    await row(3).click();
    await log.getByText('Question 3.').waitFor();
    const near = [await idOf(2), await idOf(3), await idOf(4)];
    await expect.poll(() => reads.toSorted()).toEqual(near.toSorted());
    await page.keyboard.press('j');
    await log.getByText('Question 4.').waitFor();
    await expect.poll(() => reads.includes(near[2] ?? '') && reads.length).toBe(4);
    expect(reads.filter((chat) => chat === near[2])).toHaveLength(1);
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
