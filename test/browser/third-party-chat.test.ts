import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Agent } from '../support/local/agent.ts';
import { type ChatSite, openChatSite } from '../support/local/chat-site.ts';

const HOSTILE = '<script>window.isBroken = true</script><img src=x onerror="window.isBroken = true"> & more';
const ORDER = Buffer.from('Order 77\n');
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let chatSite: ChatSite;
beforeAll(async () => {
  chatSite = await openChatSite();
});
afterAll(() => chatSite?.stop());

describe('the tutorial for a third-party chat (visitors’ API) in a browser', () => {
  it('takes a visitor and an agent through a chat, from the first message to its end', async ({ onTestFailed }) => {
    const { page, url, site } = chatSite;
    onTestFailed(async () => console.error(await chatSite.report()));
    const messages = () => page.locator('#messages li').allInnerTexts();
    const shown = (text: string) => page.locator('#messages li', { hasText: text }).waitFor();
    async function write(text: string): Promise<void> {
      await page.getByLabel('Your message').fill(text);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
    }

    const agent = new Agent(site);
    await agent.takeAlias('Team Support');
    await agent.comeOnline();

    await page.goto(`${url}/chat`);
    await page.getByLabel('Your name').fill('Väinö <b>');
    await page.getByRole('button', { name: 'Start new chat' }).click();
    // The chat appears when its webhook has arrived.
    await page.getByRole('link', { name: 'Väinö <b>', exact: true }).click();
    await page.getByRole('heading', { name: 'Chat of Väinö <b>', exact: true }).waitFor();
    await page.evaluate('window.isSamePage = true');

    await write('Where is my order?');
    await shown('Where is my order?');
    const chatId = await agent.waitForPendingChat();
    await expect.poll(() => page.url()).toBe(`${url}/chat/${chatId}`);
    await agent.join(chatId);
    await agent.reply(chatId, 'On its way.');
    await shown('On its way.');
    await write(HOSTILE);
    await shown(HOSTILE);
    await agent.reply(chatId, HOSTILE);
    await page.locator('#messages li.user', { hasText: HOSTILE }).waitFor();
    await page.getByLabel('A file').setInputFiles({ name: 'order <b>.txt', mimeType: 'text/plain', buffer: ORDER });
    await page.getByRole('button', { name: 'Send file' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'order <b>.txt (1 KB)', exact: true }).click();
    expect(await readFile(await (await download).path())).toEqual(ORDER);
    await agent.sendFile(chatId, 'map.png', PNG);
    const image = page.locator('#messages li.user img');
    await image.waitFor();
    await page.waitForFunction("document.querySelector('#messages li.user img').naturalWidth === 1");
    const conversation = [
      'Väinö <b>\nWhere is my order?',
      'Team Support joined the chat.',
      'Team Support\nOn its way.',
      `Väinö <b>\n${HOSTILE}`,
      `Team Support\n${HOSTILE}`,
      'Väinö <b>\norder <b>.txt (1 KB)',
      'Team Support\nmap.png (1 KB)',
    ];
    expect(await messages()).toEqual(conversation);

    expect(await page.getByText('This chat has ended.').isVisible()).toBe(false);
    await agent.end(chatId);
    await page.getByText('This chat has ended.').waitFor();
    expect(await page.getByLabel('Your message').isVisible()).toBe(false);
    // The page was never reloaded, and it inserted everything as text.
    expect(await page.evaluate('[window.isSamePage, window.isBroken]')).toEqual([true, undefined]);
    expect(await page.locator('#messages script').count()).toBe(0);
    expect(await page.locator('#messages img').count()).toBe(1);

    await page.reload();
    await page.getByText('This chat has ended.').waitFor();
    expect((await messages()).slice(0, conversation.length)).toEqual(conversation);
    expect(await page.evaluate('[window.isSamePage, window.isBroken]')).toEqual([undefined, undefined]);
    expect(chatSite.console).toEqual([]);
    expect(await page.content()).not.toContain('Smith');
  });
});
