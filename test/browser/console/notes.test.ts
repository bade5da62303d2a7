import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const SECRET = 'They have complained before. <b>Be kind.</b>';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it('a note is for the colleagues: they see it at once, the visitor never gets it, and the answer stays what it was', async () => {
  const [smith, jones] = await Promise.all([site.open(), site.open({ scheme: 'dark' })]);
  await smith.signIn(site.site.demo.agent);
  await jones.signIn(site.site.demo.agent2);
  await site.write('noted', 'Where is my order?', 'Jane Doe');
  for (const { page } of [smith, jones]) await page.getByRole('link', { name: /Jane Doe/ }).click();

  // Each sees that the other looks, in the chat and in the list.
  await smith.page.getByText('Agent Jones is looking').waitFor();
  await jones.page.getByText('Agent Smith is looking').waitFor();
  await smith.page
    .getByRole('link', { name: /Jane Doe/ })
    .getByText('Agent Jones')
    .waitFor();

  const { page } = smith;
  await page.getByRole('button', { name: 'Take the chat' }).click();
  await page.getByLabel('Your answer').fill('An answer that is not finished');
  await jones.page.getByRole('link', { name: /^All open/ }).click();
  await jones.page
    .getByRole('link', { name: /Jane Doe/ })
    .getByText('Agent Smith writing')
    .waitFor();
  await jones.page.getByRole('link', { name: /Jane Doe/ }).click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('i');
  const field = page.getByLabel('Note for your colleagues');
  await field.waitFor();
  expect(await page.getByRole('button', { name: 'Send', exact: true }).count()).toBe(0);
  await page.keyboard.type(SECRET);
  expect(await smith.faults()).toEqual([]);

  // The mode and the text belong to the chat, also after a reload.
  await page.reload();
  await expect.poll(() => field.inputValue()).toBe(SECRET);
  await field.focus();
  await page.keyboard.press('Enter');
  const note = (each: typeof page) => each.getByRole('region', { name: 'Note' });
  await note(page).getByText(SECRET).waitFor();
  await expect.poll(() => field.inputValue()).toBe('');
  await note(jones.page).getByText(SECRET).waitFor();
  await note(jones.page).getByText('Only your colleagues see this').waitFor();
  expect(await jones.page.locator('[role=log] b').count()).toBe(0);
  expect(await jones.page.getByRole('button', { name: 'Delete note' }).count()).toBe(0);
  expect(await jones.faults()).toEqual([]);

  await page.keyboard.press('Escape');
  expect(await page.getByLabel('Your answer').inputValue()).toBe('An answer that is not finished');
  await page.keyboard.press('Enter');
  await site.site.receiver.waitFor(({ body }) => body.includes('An answer that is not finished'));
  expect(site.site.receiver.requests.filter(({ body }) => body.includes('complained'))).toEqual([]);

  // Who only looks may write one, too; one's own can be deleted.
  await jones.page.getByRole('button', { name: 'Note i' }).click();
  await jones.page.keyboard.type('I know them.');
  await jones.page.getByRole('button', { name: 'Save note' }).click();
  await note(page).getByText('I know them.').waitFor();
  await note(page).getByRole('button', { name: 'Delete note' }).click();
  await note(jones.page).getByText(SECRET).waitFor({ state: 'hidden' });
  await note(jones.page).getByText('I know them.').waitFor();

  await jones.page.getByRole('link', { name: /^Closed/ }).click();
  await smith.page.getByText('Agent Jones is looking').waitFor({ state: 'hidden' });
  expect([...smith.complaints, ...jones.complaints]).toEqual([]);
});
