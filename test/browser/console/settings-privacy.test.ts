import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('privacy in the settings', () => {
  it.each([
    { thread: 'jane', scheme: 'light', width: 1280 },
    { thread: 'joan', scheme: 'dark', width: 390 },
  ] as const)('purges a customer and the messages of a chat ($scheme, $width px)', async ({ thread, ...view }) => {
    const { page, signIn, faults, complaints } = await site.open(view);
    const { demo, client } = site.site;
    await site.write(thread, 'My card has the number 4111');
    const other = await site.write(`other ${thread}`, 'So has mine');
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/privacy`);
    await page.getByRole('button', { name: 'Purge…' }).click();
    await page.getByLabel('Channel').selectOption('Channel of a test');
    await page.getByLabel('Thread ID').fill('nobody');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Purge for ever' }).click();
    await page.getByText('Thread not found.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Thread ID').fill(thread);
    await page.getByRole('button', { name: 'Purge for ever' }).click();
    const first = page
      .getByRole('row')
      .filter({ hasText: 'A customer of a channel' })
      .filter({ hasText: 'Sam Settings' })
      .first();
    await first.waitFor();
    await first.getByText(/^Done/).waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'Purge…' }).click();
    await page.getByLabel('What').selectOption('The messages of one chat');
    const address = `${site.site.hub.url}/console/inbox/open/${other.chat_id}?order=activity`;
    await page.getByLabel('Chat', { exact: true }).fill(address);
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Purge for ever' }).click();
    const second = page.getByRole('row').filter({ hasText: `The messages of a chat ${other.chat_id}` });
    await second.getByText(/^Done/).waitFor();
    const messages = `/api/v5/orgs/${demo.organization_id}/owned_chats/${other.chat_id}/messages`;
    const read = (await client.request('GET', messages)).body as { results: { message: string | null }[] };
    expect(read.results[0]).toMatchObject({ message: null });
    expect(complaints.filter((each) => !/status of 404/.test(each))).toEqual([]);
  });
});
