import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, readDemo } from '../../../scripts/demo-file.ts';
import { startDemoHub } from '../../../scripts/demo-hub.ts';
import { freePort } from '../../../scripts/free-port.ts';
import type { InboxRow } from '../../../src/console-app/replica/known.ts';
import { openBrowser } from '../../support/local/chat-site.ts';
import { type ConsoleSite, openConsole, openConsoleSite } from '../../support/local/console-site.ts';
import { makeFolder } from '../../support/local/hub.ts';
import { HubClient } from '../../support/local/hub-client.ts';
import { runScript, type ScriptProcess } from '../../support/local/script-process.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the console while the hub is away', () => {
  it('shows that it is offline, keeps what one writes, and sends it once when the hub is back, without a reload', async () => {
    const { page, signIn, faults, complaints, expectFailures } = await site.open();
    await signIn(site.site.demo.agent);
    await site.write('break', 'Before the break', 'Jane Doe');
    await page.getByRole('link', { name: /Jane Doe/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').waitFor();
    await page.evaluate('window.isSamePage = true');

    const { port } = site.site.hub;
    expectFailures();
    await site.site.hub.stop();
    await page.getByText(/^Offline since/).waitFor();
    await page.getByLabel('Your answer').fill('Written while the hub was away');
    await page.keyboard.press('Enter');
    await page.getByText('Will be sent when the connection is back', { exact: true }).waitFor();
    expect(await faults()).toEqual([]);

    const again = await startDemoHub({ persistTo: site.site.folder, port });
    try {
      await page.getByText('Live', { exact: true }).waitFor();
      const sent = (body: string) => body.includes('Written while the hub was away');
      await site.site.receiver.waitFor(({ body }) => sent(body));
      await page.getByText('Will be sent when the connection is back', { exact: true }).waitFor({ state: 'hidden' });
      await site.write('break', 'After the break', 'Jane Doe');
      await page.getByRole('log').getByText('After the break').waitFor();
      expect(await page.getByRole('log').getByText('Written while the hub was away').count()).toBe(1);
      expect(site.site.receiver.requests.filter(({ body }) => sent(body))).toHaveLength(1);
      expect(await page.evaluate('window.isSamePage')).toBe(true);
      expect(complaints).toEqual([]);
    } finally {
      await again.stop();
    }
  });
});

/** After this time (ms) a break is marked in the chats. */
const LONG_BREAK = 31_000;
const CHATS = 40;

/** Everything that happens in about an hour, while the page is away: chats begin, go on, are taken, renamed and end. */
async function anHourOf(client: HubClient, demo: Demo, channelId: string): Promise<void> {
  const write = (thread: string, texts: readonly string[], name: string) => {
    const messages = texts.map((body) => ({
      body,
      thread_id: thread,
      sender_id: 'c@example.com',
      message_id: randomUUID(),
    }));
    return client.sendMessages(channelId, messages, { variables: { username: name } });
  };
  const texts = Array.from({ length: 12 }, (_, place) => `Missed ${place}`);
  const chats = Array.from({ length: CHATS }, (_, place) => place);
  for (const place of chats) {
    const { chat_id } = await write(`thread ${place}`, texts, `Person ${place}, renamed`);
    if (place % 4 === 1) await client.joinChat(demo.agent2, chat_id);
    if (place % 4 === 1) await client.reply(demo.agent2, chat_id, `Answered ${place}`);
    if (place % 4 === 2) await client.closeSession(channelId, `thread ${place}`);
    if (place % 4 === 3) await write(`new thread ${place}`, texts, `New person ${place}`);
  }
  // Last, so that the hub may number it only when the page is back.
  await write('watched', ['Are you', 'still', 'there?'], 'Watched Person');
}

/** The rows of the list that is shown, from its top to its end: the chat, and its words. */
async function shownRows(page: Page): Promise<string[]> {
  return await page.evaluate(async () => {
    type Element = { dataset: { chat: string }; querySelector(of: string): { textContent: string } | null };
    type Frame = {
      scrollTop: number;
      clientHeight: number;
      scrollHeight: number;
      querySelectorAll(of: string): Iterable<Element>;
    };
    const { document, requestAnimationFrame } = globalThis as unknown as {
      document: { querySelector(of: string): Frame };
      requestAnimationFrame(then: () => void): void;
    };
    const drawn = () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const frame = document.querySelector('.list-frame');
    const rows = new Map<string, string>();
    for (frame.scrollTop = 0; ; frame.scrollTop += frame.clientHeight / 2) {
      await drawn();
      for (const link of frame.querySelectorAll('.list-link')) {
        const words = (of: string) => link.querySelector(of)?.textContent ?? '';
        rows.set(link.dataset.chat, `${link.dataset.chat} ${words('.row-name')}: ${words('.row-line')}`);
      }
      if (frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 1) return [...rows.values()].sort();
    }
  });
}

/** The same as REST has it. */
async function restRows(client: HubClient, demo: Demo, view: string): Promise<string[]> {
  const rows: string[] = [];
  let next: string | null = `/api/v5/users/${demo.agent.id}/inbox?view=${view}&page_size=200`;
  while (next !== null) {
    const { body } = await client.request('GET', next, undefined, demo.agent.token);
    const page = body as { results: InboxRow[]; next: string | null };
    for (const { chat, visitor, last_message } of page.results) {
      const { sender_type, sender_id, sender_name, message } = last_message ?? {};
      const who = sender_type === 'visitor' ? '' : `${sender_id === demo.agent.id ? 'You' : sender_name}: `;
      rows.push(`${chat.id} ${visitor?.name}: ${who}${message}`);
    }
    next = page.next;
  }
  return rows.sort();
}

describe('a kill -9 of the hub and an hour of events', () => {
  it('leave the page as REST has it in every row, without a reload, and say what is new', async () => {
    const folder = await makeFolder();
    const port = await freePort();
    const running: ScriptProcess[] = [];
    const start = async () => {
      const script = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
      running.push(script);
      await script.waitForOutput('# 3. list the chats');
      return script;
    };
    const browser = await openBrowser();
    try {
      const hub = await start();
      const demo = await readDemo(folder);
      if (demo === null) throw new Error('there is no demo.json');
      const client = new HubClient(demo.base_url, demo);
      const channel = await client.registerChannel(`http://127.0.0.1:${await freePort()}/nobody`);
      const first = (thread: string, name: string) =>
        client.sendMessages(
          channel.id,
          [{ body: 'At first', thread_id: thread, sender_id: 'c@example.com', message_id: randomUUID() }],
          { variables: { username: name } },
        );
      const { chat_id } = await first('watched', 'Watched Person');
      for (let place = 0; place < CHATS; place++) await first(`thread ${place}`, `Person ${place}`);
      await client.joinChat(demo.agent, chat_id);

      const { page, context, complaints, expectFailures } = await openConsole(browser, demo.base_url);
      await page.getByRole('button', { name: 'Agent Smith' }).click();
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('link', { name: /^Mine/ }).click();
      await page.getByRole('link', { name: /Watched Person/ }).click();
      await page.getByRole('log').getByText('At first').waitFor();
      await page.evaluate('window.isSamePage = true');

      expectFailures();
      const lostAt = Date.now();
      hub.kill('SIGKILL');
      await hub.ended;
      await page.getByText(/^Offline since/).waitFor();
      await context.setOffline(true);
      await start();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, lostAt + LONG_BREAK - Date.now())));
      await anHourOf(client, demo, channel.id);
      await context.setOffline(false);

      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByText('3 new while you were away').waitFor();
      await page.getByRole('log').getByText('there?').waitFor();
      for (const [view, name] of [
        ['mine', /^Mine/],
        ['waiting', /^Waiting/],
        ['open', /^All open/],
        ['bot', /^With a bot/],
        ['closed', /^Closed/],
      ] as const) {
        await page.getByRole('link', { name }).click();
        await page.mouse.move(1_000, 400);
        // Both follow a moment later.
        const differences = async () => {
          const [shown, rest] = [await shownRows(page), await restRows(client, demo, view)];
          return [...shown.filter((row) => !rest.includes(row)), ...rest.filter((row) => !shown.includes(row))];
        };
        await expect.poll(differences, { interval: 500 }).toEqual([]);
      }
      expect(await page.evaluate('window.isSamePage')).toBe(true);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      for (const script of running) script.kill('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      await rm(folder, { recursive: true, force: true });
    }
  });
});
