import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

const NAME = 'Long story';

/** Messages of several heights, four minutes apart, so that some stand together. */
async function writeMany(from: number, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, place) => ({
    body: `Message ${from + place}. ${'More words than fit in one line of the thread. '.repeat((from + place) % 5)}`,
    thread_id: 'long',
    sender_id: 'long@example.com',
    message_id: `long ${from + place}`,
  }));
  await site.site.client.sendMessages(site.channel.id, messages, { variables: { username: NAME } });
}

type Place = { top: number; fromEnd: number; first: string; tops: Record<string, number>; rows: number };

/** Where the log is scrolled to, the first message in view, and where each message in the page is. */
const placeOf = (page: Page): Promise<Place> =>
  page.evaluate(() => {
    type Box = { top: number; bottom: number };
    type Found = {
      scrollTop: number;
      scrollHeight: number;
      clientHeight: number;
      textContent: string;
      getBoundingClientRect(): Box;
      querySelectorAll(selector: string): Iterable<Found>;
    };
    const { document } = globalThis as unknown as { document: { querySelector(selector: string): Found } };
    const log = document.querySelector('[role=log]');
    const edge = log.getBoundingClientRect().top;
    const messages = [...log.querySelectorAll('.bubble')];
    const nameOf = (each?: Found) => /^Message \d+\./.exec(each?.textContent ?? '')?.[0] ?? '';
    return {
      top: log.scrollTop,
      fromEnd: log.scrollHeight - log.scrollTop - log.clientHeight,
      first: nameOf(messages.find((each) => each.getBoundingClientRect().bottom > edge)),
      tops: Object.fromEntries(messages.map((each) => [nameOf(each), each.getBoundingClientRect().top])),
      rows: messages.length,
    };
  });

/** How far (px) the first message that was in view has moved since. */
const moved = (before: Place, after: Place) =>
  Math.abs((after.tops[before.first] ?? Number.POSITIVE_INFINITY) - (before.tops[before.first] ?? 0));

const settled = (page: Page) =>
  page.evaluate(async () => {
    const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame(then: () => void): void };
    for (let frame = 0; frame < 5; frame++) await new Promise<void>((resolve) => requestAnimationFrame(resolve));
  });

/** Waits until the log is at its end, and stays there. */
async function atEnd(page: Page): Promise<void> {
  await expect.poll(async () => (await placeOf(page)).fromEnd).toBeLessThan(2);
  await settled(page);
  expect((await placeOf(page)).fromEnd).toBeLessThan(2);
}

async function wheel(page: Page, pixels: number): Promise<void> {
  await page.getByRole('log').hover();
  await page.mouse.wheel(0, pixels);
  await settled(page);
}

describe('a long thread', () => {
  it('stays at its end, keeps the place elsewhere, and has few messages in the page', async () => {
    await writeMany(0, 50);
    for (const from of [50, 100, 150, 200]) await writeMany(from, 50);
    const { page, context, signIn, faults, complaints } = await site.open();
    await signIn(site.site.demo.agent);
    await page.getByRole('link', { name: new RegExp(NAME) }).click();
    const log = page.getByRole('log');
    await log.getByText('Message 249.').waitFor();
    await atEnd(page);
    expect((await placeOf(page)).rows).toBeLessThan(40);

    // At the end it follows, and says what is new to those who hear the page.
    await writeMany(250, 1);
    await log.getByText('Message 250.').waitFor();
    await atEnd(page);
    expect(await page.locator('[aria-live=polite].hidden-text').textContent()).toContain('Message 250.');
    expect(await page.locator('[aria-live=polite].hidden-text').textContent()).not.toContain('Message 249.');

    // Elsewhere a new message moves nothing, and counts.
    await wheel(page, -700);
    const before = await placeOf(page);
    await writeMany(251, 2);
    await page.getByRole('button', { name: '2 new ↓' }).waitFor();
    await settled(page);
    const after = await placeOf(page);
    expect(moved(before, after)).toBeLessThan(2);
    expect(await faults()).toEqual([]);

    // A break moves nothing either.
    await context.setOffline(true);
    await page.getByText(/^Offline since/).waitFor();
    await writeMany(253, 1);
    await context.setOffline(false);
    await page.getByRole('button', { name: '3 new ↓' }).waitFor();
    await settled(page);
    const resumed = await placeOf(page);
    expect(moved(before, resumed)).toBeLessThan(2);

    // Older messages come above without moving what is in view, also for somebody who jumps to the top.
    await page.route(/messages.*cursor=/, async (route) => {
      await page.waitForTimeout(500);
      await route.continue();
    });
    await page.evaluate("document.querySelector('[role=log]').scrollTop = 0");
    await settled(page);
    const top = await placeOf(page);
    await expect.poll(async () => (await placeOf(page)).top).toBeGreaterThan(1_000);
    await settled(page);
    const grown = await placeOf(page);
    // A name above the first message goes when the messages before it are there.
    expect(moved(top, grown)).toBeLessThan(30);

    await page.unrouteAll();

    let older = await placeOf(page);
    for (let turn = 0; turn < 60 && older.first !== 'Message 0.'; turn++) {
      await wheel(page, -600);
      const now = await placeOf(page);
      expect(now.rows).toBeLessThan(60);
      older = now;
    }
    expect(older.first).toBe('Message 0.');
    await page.getByRole('heading', { name: 'Today' }).waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: '3 new ↓' }).click();
    await log.getByText('Message 253.').waitFor();
    await atEnd(page);
    expect(await page.getByRole('button', { name: /new ↓/ }).count()).toBe(0);

    // A composer that grows hides nothing, and what one sends is in view wherever one was.
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const field = page.getByLabel('Your answer');
    await field.fill('One\nTwo\nThree\nFour\nFive');
    await atEnd(page);
    await wheel(page, -900);
    await field.press('Enter');
    await log.getByText('Five').waitFor();
    await atEnd(page);
    expect(await faults()).toEqual([]);
    expect(complaints.filter((each) => !each.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
  });

  it('shows the newest message when notes and a suggested answer come after it was opened', async () => {
    const { client, demo } = site.site;
    const { page, signIn, complaints } = await site.open();
    const { chat_id } = await site.write('noted', 'Where is my order? It should have come on Monday.', 'Jane Doe');
    await client.joinChat(demo.agent, chat_id);
    await client.reply(demo.agent, chat_id, 'I am sorry to hear that, Jane. Let me see where it is.');
    const note = { message: 'The carrier lost the parcel. A new one may go out today, if there is one left.' };
    await client.request('POST', `/api/v5/users/${demo.agent.id}/chats/${chat_id}/notes`, note, demo.agent.token);
    const last = await site.write('noted', 'Thank you. I need it for a birthday on Saturday, can that still work?');
    const answer = 'Yes: a new parcel leaves today by express, and will be with you on Friday.';
    await client.suggestReply(demo.bot, chat_id, String(last.message_ids[0]), answer);
    await signIn(demo.agent);
    await page.goto(`${site.site.hub.url}/console/inbox/mine/${chat_id}`);
    await page.getByRole('region', { name: 'Suggested answer' }).waitFor();
    await page.getByText('The carrier lost the parcel.').waitFor();
    await settled(page);
    expect((await placeOf(page)).fromEnd).toBeLessThan(2);
    expect(complaints).toEqual([]);
  });
});
