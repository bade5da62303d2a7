import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** Presses Tab until the focus is on something with this name. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const heard: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    const words = await page.evaluate(
      '[document.activeElement.labels?.[0]?.textContent, document.activeElement.getAttribute("aria-label"), document.activeElement.textContent].find((each) => each) ?? ""',
    );
    heard.push(String(words).trim().slice(0, 40));
    if (name.test(String(words).trim())) return;
  }
  throw new Error(`Tab never came to ${name}: ${heard.join(' | ')}`);
}

it('a day at the console needs no mouse: sign in, answer, close, change a setting, sign out', async () => {
  const { demo, client } = site.site;
  const { chat_id } = await site.write('tour', 'Is there somebody?', 'Keyboard Person');
  const { page, faults, complaints } = await site.open();
  const { keyboard } = page;
  await page.getByLabel('Access token').waitFor();
  await tabTo(page, /^Access token/);
  await keyboard.type(demo.settings_token);
  await tabTo(page, /^Sign in$/);
  await keyboard.press('Enter');
  await page.getByText('Live', { exact: true }).waitFor();

  await page.getByRole('link', { name: /Keyboard Person/ }).waitFor();
  await tabTo(page, /Keyboard Person/);
  await keyboard.press('Enter');
  await page.getByRole('log').getByText('Is there somebody?').waitFor();
  await tabTo(page, /^Take the chat/);
  await keyboard.press('Enter');
  await page.getByLabel('Your answer').waitFor();
  await page.evaluate('document.activeElement.blur()');
  await keyboard.press('r');
  await keyboard.type('There is.');
  await keyboard.press('Enter');
  await page.getByRole('log').getByText('There is.').waitFor();
  await keyboard.press('Escape');
  await keyboard.press('e');
  await page.getByText('This chat has ended.').waitFor();
  await expect.poll(() => client.ownedChat(chat_id)).toMatchObject({ is_ended: true });

  for (const [key, heading] of [
    ['m', 'Mine'],
    ['i', 'Invitations'],
    ['c', 'Closed'],
    ['w', 'Waiting'],
  ] as const) {
    await keyboard.press('g');
    await keyboard.press(key);
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
  }
  await keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
  await keyboard.type('settings');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Organization' }).waitFor();
  await tabTo(page, /^My profile$/);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'My profile' }).waitFor();
  await page.getByLabel('Name for visitors').waitFor();
  await tabTo(page, /^Name for visitors$/);
  await keyboard.press('Control+a');
  await keyboard.type('Keys');
  await keyboard.press('Enter');
  await page.getByText('Saved', { exact: true }).first().waitFor();
  await tabTo(page, /^Enter sends$/);
  await keyboard.press('Space');
  expect(await page.getByLabel('Enter sends').isChecked()).toBe(false);
  const path = `/api/v5/users/me`;
  expect((await client.request('GET', path, undefined, demo.settings_token)).body).toMatchObject({ alias: 'Keys' });
  expect(await faults()).toEqual([]);

  await keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
  await keyboard.type('sign out');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();
  expect(complaints).toEqual([]);
});
