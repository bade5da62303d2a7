import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const PATIENT = { timeout: 15_000 };

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it.each(['light', 'dark'] as const)(
  'a tag is taken back by Ctrl+Z, a closed chat is not, but another one reaches the customer (%s)',
  async (scheme) => {
    const { page, signIn, faults, complaints } = await site.open({ scheme });
    await signIn(site.site.demo.agent);
    await site.write(`ended ${scheme}`, 'Where is my order?', 'Jane Doe');
    await page.getByRole('link', { name: /Jane Doe/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').waitFor();
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByLabel('New tag').fill('urgent');
    await page.keyboard.press('Enter');
    const tags = page.getByRole('list', { name: 'Tags' });
    await tags.getByText('urgent').waitFor();
    const notice = page.getByRole('status').filter({ hasText: 'is added' });
    await notice.getByRole('button', { name: 'Undo' }).waitFor();
    expect(await faults()).toEqual([]);

    // In a field the keys are the browser's.
    await page.getByLabel('Your answer').fill('Text');
    await page.keyboard.press('Control+z');
    await tags.getByText('urgent').waitFor();
    await page.getByRole('log').focus();
    await page.keyboard.press('Control+z');
    await tags.getByText('urgent').waitFor({ state: 'hidden' });
    await notice.waitFor({ state: 'hidden' });

    await page
      .getByRole('button', { name: /^Close/ })
      .first()
      .click();
    await page.getByText('The chat with Jane Doe is closed. It cannot be opened again.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Open a new chat with Jane Doe' }).click();
    await page.getByLabel('Your answer').fill('One more thing.');
    await page.keyboard.press('Enter');
    const sent = await site.site.receiver.waitFor(
      ({ body }) => body.includes('One more thing.') && body.includes(`ended ${scheme}`),
    );
    expect(JSON.parse(sent.body)).toMatchObject({ thread_id: `ended ${scheme}` });
    await page.getByRole('log').getByText('One more thing.').waitFor();
    expect(complaints).toEqual([]);
  },
);

it('a draft is on all devices, and follows the one on which somebody writes, until they write on another', async () => {
  const [one, other] = await Promise.all([site.open(), site.open()]);
  for (const { signIn } of [one, other]) await signIn(site.site.demo.agent);
  await site.write('drafted', 'A long question', 'Omar Khan');
  await one.page.getByRole('link', { name: /Omar Khan/ }).click();
  await one.page.getByRole('button', { name: 'Take the chat' }).click();
  await one.page.getByLabel('Your answer').fill('Dear Omar,');
  await other.page.getByRole('link', { name: /^Mine/ }).click();
  await other.page.getByRole('link', { name: /Omar Khan/ }).click();
  const field = other.page.getByLabel('Your answer');
  await expect.poll(() => field.inputValue(), PATIENT).toBe('Dear Omar,');
  await one.page.getByLabel('Your answer').fill('Dear Mr Khan,');
  await expect.poll(() => field.inputValue(), PATIENT).toBe('Dear Mr Khan,');
  await field.fill('Written here');
  await one.page.getByLabel('Your answer').fill('Written there');
  const { client, demo } = site.site;
  const drafts = `/api/v5/users/${demo.agent.id}/drafts`;
  const stored = async () =>
    ((await client.request('GET', drafts, undefined, demo.agent.token)).body as { results: { message: string }[] })
      .results[0]?.message;
  await expect.poll(stored, PATIENT).toBe('Written there');
  expect(await field.inputValue()).toBe('Written here');
  await field.press('Enter');
  await site.site.receiver.waitFor(({ body }) => body.includes('Written here'));
  await expect.poll(stored, PATIENT).toBe(undefined);
  expect(await field.inputValue()).toBe('');
  expect([...one.complaints, ...other.complaints]).toEqual([]);
});

it('a refused message goes back into the field once, and one that another tab deletes is no longer changed', async () => {
  const { page, context, signIn, complaints } = await site.open();
  await signIn(site.site.demo.agent);
  await site.write('returned', 'Hello', 'Rita Returned');
  await page.getByRole('link', { name: /Rita Returned/ }).click();
  await page.getByRole('button', { name: 'Take the chat' }).click();
  const field = page.getByLabel('Your answer');
  const log = page.getByRole('log');
  const refused = { status: 403, contentType: 'application/json', body: '{"detail":"Not now."}' };
  await page.route('**/messages', (route) =>
    route.request().method() === 'POST' ? route.fulfill(refused) : route.fallback(),
  );
  await field.fill('Come back');
  await field.press('Enter');
  await log.getByText('Not sent: Not now.').waitFor();
  await log.getByRole('button', { name: 'Edit', exact: true }).click();
  await expect.poll(() => field.inputValue()).toBe('Come back');
  await page.unroute('**/messages');
  await field.press('Enter');
  await log.getByRole('button', { name: 'Edit this message' }).waitFor();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.getByRole('button', { name: /^(Take|Join) the chat/ }).click();
  await field.waitFor();
  expect(await field.inputValue()).toBe('');

  await log.getByRole('button', { name: 'Edit this message' }).click();
  await page.getByLabel('New text of the message').fill('Changed');
  const tab = await context.newPage();
  await tab.goto(page.url());
  await tab.getByRole('button', { name: 'Delete this message' }).click();
  await tab.getByRole('log').getByRole('button', { name: 'Delete', exact: true }).click();
  await log.getByText('Deleted message').waitFor();
  expect(complaints.filter((each) => !each.includes('status of 403'))).toEqual([]);
});
