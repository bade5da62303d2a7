import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the console by keys alone', () => {
  it('takes a chat, answers, tags and closes it', async () => {
    const { page, complaints } = await site.open();
    const { keyboard } = page;
    await page.getByLabel('Access token').focus();
    await keyboard.type(site.site.demo.agent.token);
    await keyboard.press('Enter');
    await page.getByText('Live', { exact: true }).waitFor();
    const { chat_id } = await site.write('keys one', 'The first one', 'First Person');
    await site.write('keys two', 'The second one', 'Second Person');
    await page.getByRole('link', { name: /Second Person/ }).waitFor();

    await keyboard.press('j');
    await page.getByRole('heading', { name: 'First Person' }).first().waitFor();
    await keyboard.press('j');
    await page.getByRole('heading', { name: 'Second Person' }).first().waitFor();
    await keyboard.press('k');
    await page.getByRole('button', { name: 'Take the chat' }).waitFor();
    await keyboard.press('t');
    await page.getByLabel('Your answer').waitFor();
    // The field has the focus now, and keys are text in it.
    await keyboard.type('te j e');
    await keyboard.press('Shift+Enter');
    await keyboard.type('and more');
    expect(await page.getByLabel('Your answer').inputValue()).toBe('te j e\nand more');
    await keyboard.press('Enter');
    await page.getByRole('log').getByText('te j e').waitFor();
    await keyboard.press('Escape');
    expect(await page.locator('textarea:focus').count()).toBe(0);
    await page.getByRole('button', { name: 'Add tag' }).waitFor();
    await keyboard.press('l');
    await keyboard.type('delivery');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove the tag delivery' }).waitFor();
    await keyboard.press('g');
    await keyboard.press('m');
    await page.getByRole('heading', { name: 'Mine', exact: true }).waitFor();
    await keyboard.press('j');
    await page.getByLabel('Your answer').waitFor();
    await page.evaluate('document.activeElement.blur()');
    await keyboard.press('e');
    await page.getByText('This chat has ended.').waitFor();
    await expect.poll(() => site.site.client.ownedChat(chat_id)).toMatchObject({ is_ended: true, tag_count: 1 });
    expect(complaints).toEqual([]);
  });

  it('finds commands by name, shows all keys, and can be told to leave single keys alone', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark' });
    const { keyboard } = page;
    await signIn(site.site.demo.agent2);
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    await keyboard.press('?');
    await dialog.getByText('Go to “Mine”').waitFor();
    // Nothing else has brought its looks: a box over the page, not a page of its own.
    expect((await dialog.boundingBox())?.width).toBeLessThan(800);
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
    expect(await faults()).toEqual([]);
    await keyboard.type('closed');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Closed', exact: true }).waitFor();

    await keyboard.press('?');
    await dialog.getByText('Go to “Mine”').waitFor();
    expect(await faults()).toEqual([]);
    await dialog.getByRole('checkbox').uncheck();
    await keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await keyboard.press('g');
    await keyboard.press('m');
    await keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
    await expect.poll(() => page.url()).toContain('/inbox/closed');
    expect(complaints).toEqual([]);
  });
});
