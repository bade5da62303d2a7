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
  await field.waitFor();
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
  const heard = page.locator('[aria-live=polite].hidden-text').getByText('Note of Agent Jones: I know them.');
  const isHeard = heard.waitFor({ state: 'attached' });
  await jones.page.getByRole('button', { name: 'Save note' }).click();
  await isHeard;
  await note(page).getByText('I know them.').waitFor();
  await note(page).getByRole('button', { name: 'Delete note' }).click();
  await note(jones.page).getByText(SECRET).waitFor({ state: 'hidden' });
  await note(jones.page).getByText('I know them.').waitFor();

  await jones.page.getByRole('link', { name: /^Closed/ }).click();
  await smith.page.getByText('Agent Jones is looking').waitFor({ state: 'hidden' });
  expect([...smith.complaints, ...jones.complaints]).toEqual([]);
});

it('a note mentions a colleague, who is told once and has the chat marked until they open it, also later', async () => {
  const { agent, agent2 } = site.site.demo;
  const [smith, jones] = await Promise.all([site.open(), site.open()]);
  await smith.signIn(agent);
  await jones.context.grantPermissions(['notifications']);
  await jones.signIn(agent2);
  await jones.page.evaluate(`
    window.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) { window.tones += 1; return start.apply(this, when); };
  `);
  const tones = () => jones.page.evaluate('window.tones');
  await site.write('mentions', 'Where is my order?', 'Ann Other');
  await smith.page.getByRole('link', { name: /Ann Other/ }).click();
  await smith.page.getByRole('button', { name: 'Take the chat' }).click();
  await jones.page.getByRole('link', { name: /^Mine/ }).click();
  await jones.page.getByRole('button', { name: /Agent Jones/ }).click();
  await jones.page.getByRole('menuitemcheckbox', { name: /Alerts/ }).click();
  await jones.page.keyboard.press('Escape');

  const { page } = smith;
  await page.getByRole('button', { name: 'Note i' }).click();
  const field = page.getByLabel('Note for your colleagues');
  await field.pressSequentially('Do you know them, @jon');
  const option = page.getByRole('option', { name: /Agent Jones/ });
  await option.waitFor();
  const options = page.getByRole('listbox', { name: 'Colleagues' }).getByRole('option');
  expect(await options.count()).toBe(1);
  expect(await field.getAttribute('aria-activedescendant')).toBe(await option.getAttribute('id'));
  expect(await smith.faults()).toEqual([]);
  await page.keyboard.press('Enter');
  await expect.poll(() => field.inputValue()).toBe('Do you know them, @Agent Jones ');
  expect(await options.count()).toBe(0);
  const before = Number(await tones());
  await field.pressSequentially('?');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Note' }).getByText('@Agent Jones', { exact: true }).waitFor();

  await jones.page.getByRole('link', { name: 'Mentions 1' }).waitFor();
  await expect.poll(tones).toBe(before + 2);
  // Another device of the same person, which was not there, has the mark too.
  const later = await site.open({ scheme: 'dark' });
  await later.signIn(agent2);
  await later.page.getByRole('link', { name: 'Mentions 1' }).click();
  const marked = later.page.getByRole('link', { name: /Ann Other/ });
  await marked.getByText('You are mentioned').waitFor();
  expect(await later.faults()).toEqual([]);

  await jones.page.getByRole('link', { name: 'Mentions 1' }).click();
  await jones.page.getByRole('link', { name: /Ann Other/ }).click();
  await jones.page.getByRole('region', { name: 'Note' }).getByText('@Agent Jones', { exact: true }).waitFor();
  for (const each of [jones.page, later.page]) {
    await each.getByRole('link', { name: 'Mentions', exact: true }).waitFor();
  }
  await later.page.mouse.move(900, 400);
  await later.page.getByText('No note mentions you.').waitFor();
  expect(await jones.faults()).toEqual([]);
  expect([...smith.complaints, ...jones.complaints, ...later.complaints]).toEqual([]);
});
