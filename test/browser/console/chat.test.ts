import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const HOSTILE = '<script>window.isBroken = true</script><img src=x onerror="window.isBroken = true"> & more';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('a chat in the console', () => {
  it('goes from the visitor’s first message to its end, without a reload, and shows what is written as text', async () => {
    const { page, complaints, signIn, faults } = await site.open();
    await signIn(site.site.demo.agent);
    await page.getByText('Nobody is waiting').waitFor();
    expect(await faults()).toEqual([]);
    await page.evaluate('window.isSamePage = true');

    const { chat_id } = await site.write('first', 'Where is my order?', 'Väinö <b>');
    const row = page.getByRole('link', { name: /Väinö <b>/ });
    await row.getByText('Where is my order?').waitFor();
    await page.getByRole('link', { name: 'Waiting 1' }).waitFor();
    await row.click();
    await page.getByRole('log').getByText('Where is my order?').waitFor();
    await expect.poll(() => page.url()).toBe(`${site.site.hub.url}/console/inbox/waiting/${chat_id}`);
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').fill('On its way.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('log').getByText('On its way.').waitFor();
    const reply = await site.site.receiver.waitFor(({ body }) => body.includes('On its way.'));
    expect(JSON.parse(reply.body)).toMatchObject({ thread_id: 'first' });
    expect(await page.getByLabel('Your answer').inputValue()).toBe('');

    await site.write('first', HOSTILE, 'Väinö <b>');
    await page.getByRole('log').getByText(HOSTILE).waitFor();
    await page.getByRole('link', { name: 'Mine 1' }).click();
    await page
      .getByRole('link', { name: /Väinö <b>/ })
      .getByText('<script>')
      .waitFor();
    await page.getByRole('link', { name: /Väinö <b>/ }).click();
    await page.getByRole('log').getByText(HOSTILE).waitFor();
    expect(await page.locator(':is([role=log], .list) :is(script, img, b)').count()).toBe(0);

    await page
      .getByRole('button', { name: /^Close/ })
      .first()
      .click();
    await page.getByText('This chat has ended.').waitFor();
    expect(await page.getByLabel('Your answer').count()).toBe(0);
    await page.getByText('You answer no chat').waitFor();
    await page.getByRole('link', { name: /^Closed/ }).click();
    await page.getByRole('link', { name: /Väinö <b>/ }).waitFor();
    expect(await faults()).toEqual([]);
    expect(await site.site.client.ownedChat(chat_id)).toMatchObject({ is_ended: true, user_message_count: 1 });
    expect(await page.evaluate('[window.isSamePage, window.isBroken]')).toEqual([true, undefined]);
    expect(complaints).toEqual([]);
  });

  it('is closed after the message that was sent before, and stays open when that cannot be sent', async () => {
    const { page, signIn } = await site.open();
    await signIn(site.site.demo.agent);
    const open = async (thread: string, name: string) => {
      const { chat_id } = await site.write(thread, 'Is it done?', name);
      await page.getByRole('link', { name: /^Waiting/ }).click();
      await page.getByRole('link', { name: new RegExp(name) }).click();
      await page.getByRole('button', { name: 'Take the chat' }).click();
      return chat_id;
    };
    const answerAndClose = async (words: string) => {
      await page.getByLabel('Your answer').fill(words);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page
        .getByRole('button', { name: /^Close/ })
        .first()
        .click();
    };
    const slow = await open('slow answer', 'Slow Connection');
    const held = Promise.withResolvers<void>();
    await page.route('**/messages', async (route) => {
      await held.promise;
      await route.continue();
    });
    await answerAndClose('It is done.');
    await page.getByText('This chat has ended.').waitFor();
    held.resolve();
    await site.site.receiver.waitFor(({ body }) => body.includes('It is done.'));
    await expect.poll(() => site.site.client.ownedChat(slow)).toMatchObject({ is_ended: true, user_message_count: 1 });
    await page.unroute('**/messages');

    const broken = await open('no answer', 'Broken Connection');
    await page.route('**/messages', (route) => route.abort());
    await answerAndClose('It is nearly done.');
    await page.getByText('The chat was not closed: Your last message has not been sent.').waitFor();
    await page.getByLabel('Your answer').waitFor();
    await page.unroute('**/messages');
    await site.site.receiver.waitFor(({ body }) => body.includes('It is nearly done.'));
    expect(await site.site.client.ownedChat(broken)).toMatchObject({ is_ended: false, user_message_count: 1 });
  });

  it('is taken as soon as the hub knows that the user is there, however early they press', async () => {
    const { page, complaints, signIn } = await site.open();
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    await page.route('**/clients', async (route) => {
      asked.resolve();
      await held.promise;
      await route.continue();
    });
    await signIn(site.site.demo.agent);
    await asked.promise;
    await site.write('early', 'Are you open yet?', 'Early Bird');
    await page.getByRole('link', { name: /Early Bird/ }).click();
    const refused: number[] = [];
    page.on('response', (response) => response.status() >= 400 && refused.push(response.status()));
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByText('This visitor waits for an answer.').waitFor();
    held.resolve();
    await page.getByLabel('Your answer').waitFor();
    expect([refused, complaints]).toEqual([[], []]);
  });

  it('is taken by one of two agents who press at the same time', async () => {
    const [smith, jones] = await Promise.all([site.open(), site.open({ scheme: 'dark' })]);
    await smith.signIn(site.site.demo.agent);
    await jones.signIn(site.site.demo.agent2);
    const { chat_id } = await site.write('contested', 'Who answers me?', 'Li Wei');
    const pages = [smith.page, jones.page];
    for (const page of pages) {
      await page.getByRole('link', { name: /Li Wei/ }).click();
      await page.getByRole('button', { name: 'Take the chat' }).waitFor();
    }
    // The later one may see that it is gone before they press.
    const press = (page: Page) => page.getByRole('button', { name: 'Take the chat' }).click({ timeout: 3_000 });
    await Promise.allSettled(pages.map(press));
    await Promise.race(pages.map((page) => page.getByLabel('Your answer').waitFor()));
    await Promise.race(pages.map((page) => page.getByText('You only look at this chat.').waitFor()));
    expect(await Promise.all(pages.map((page) => page.getByLabel('Your answer').count()))).toEqual(
      expect.arrayContaining([0, 1]),
    );
    const chat = await site.site.client.ownedChat(chat_id);
    expect(chat).toMatchObject({ user_member_count: 1 });
    expect(await jones.faults()).toEqual([]);
    // The hub refuses the later one, which a browser reports.
    const isRefusal = (line: string) => /status of 404 .*\/pending_chats\//.test(line);
    const complaints = [...smith.complaints, ...jones.complaints];
    expect(complaints.filter((line) => !isRefusal(line))).toEqual([]);
  });

  it('keeps a draft through another chat and a reload, and sends nothing to the wrong one', async () => {
    const { page, complaints, signIn } = await site.open();
    await signIn(site.site.demo.agent);
    await site.write('draft one', 'The first question', 'First Person');
    await site.write('draft two', 'The second question', 'Second Person');
    const open = async (name: string) => {
      await page.getByRole('link', { name: new RegExp(name) }).click();
      await page.getByRole('heading', { name }).first().waitFor();
    };
    await open('First Person');
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').fill('A draft for the first');
    await open('Second Person');
    await page.getByRole('button', { name: 'Take the chat' }).click();
    expect(await page.getByLabel('Your answer').inputValue()).toBe('');
    await page.getByLabel('Your answer').fill('For the second');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: /^Mine/ }).click();
    await page
      .getByRole('link', { name: /First Person/ })
      .getByText('A draft for the first')
      .waitFor();
    await page.reload();
    await open('First Person');
    expect(await page.getByLabel('Your answer').inputValue()).toBe('A draft for the first');
    const sent = await site.site.receiver.waitFor(({ body }) => body.includes('For the second'));
    expect(JSON.parse(sent.body)).toMatchObject({ thread_id: 'draft two' });
    expect(complaints).toEqual([]);
  });
});

describe('a chat that is handed over', () => {
  it('is answered by the colleague from then on', async () => {
    const [smith, jones] = await Promise.all([site.open(), site.open()]);
    await smith.signIn(site.site.demo.agent);
    await jones.signIn(site.site.demo.agent2);
    await site.write('handed over', 'A question for a specialist', 'Maria Silva');
    await smith.page.getByRole('link', { name: /Maria Silva/ }).click();
    await smith.page.getByRole('button', { name: 'Take the chat' }).click();
    await smith.page.getByRole('button', { name: 'Hand over' }).click();
    const colleague = smith.page.getByRole('menuitem', { name: 'Agent Jones present' });
    await colleague.waitFor();
    expect(await smith.faults()).toEqual([]);
    await colleague.click();
    await smith.page.getByText('You only look at this chat.').waitFor();

    await jones.page.getByRole('link', { name: /^Mine/ }).click();
    await jones.page.getByRole('link', { name: /Maria Silva/ }).click();
    await jones.page.getByLabel('Your answer').fill('I am the specialist.');
    await jones.page.keyboard.press('Enter');
    await smith.page.getByRole('log').getByText('I am the specialist.').waitFor();
    expect([...smith.complaints, ...jones.complaints]).toEqual([]);
  });
});

describe('an answer that did not reach its receiver', () => {
  it('says why, and is sent again by a button', async () => {
    const failing = await openConsoleSite({ max_retry_count: 0 });
    try {
      failing.site.receiver.behave(() => answer(500));
      const { page, signIn, faults, complaints } = await failing.open();
      await signIn(failing.site.demo.agent);
      await failing.write('failing', 'Is anybody there?', 'Jane Doe');
      await page.getByRole('link', { name: /Jane Doe/ }).click();
      await page.getByRole('button', { name: 'Take the chat' }).click();
      await page.getByLabel('Your answer').fill('Yes.');
      await page.keyboard.press('Enter');
      await page.getByText('Not delivered:').waitFor();
      expect(await faults()).toEqual([]);
      failing.site.receiver.behave(() => answer(200));
      await page.getByRole('button', { name: 'Send again' }).click();
      await page.getByText('Not delivered:').waitFor({ state: 'hidden' });
      expect(complaints).toEqual([]);
    } finally {
      await failing.stop();
    }
  });
});
