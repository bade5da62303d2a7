import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePage, type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** A chat of the agent with a suggestion of the bot to its message. Answers the suggestion's id. */
async function suggested({ page }: ConsolePage, thread: string, name: string, suggestion: string): Promise<string> {
  const { client, demo } = site.site;
  const { chat_id, message_ids } = await site.write(thread, 'When will it be here?', name);
  await page.getByRole('link', { name: new RegExp(name) }).click();
  await page.getByRole('button', { name: 'Take the chat' }).click();
  await page.getByLabel('Your answer').waitFor();
  return (await client.suggestReply(demo.bot, chat_id, String(message_ids[0]), suggestion)).id;
}

describe('a suggested answer', () => {
  it('appears by itself, is inserted by Tab, and is named by the message even when it was edited', async () => {
    const view = await site.open();
    const { page, complaints, faults } = view;
    await view.signIn(site.site.demo.agent);
    const id = await suggested(view, 'insert', 'Jane Doe', 'It will be with you on Friday.');
    const card = page.getByRole('region', { name: 'Suggested answer' });
    await card.getByText('It will be with you on Friday.').waitFor();
    await card.getByText('50 % sure').waitFor();
    expect(await faults()).toEqual([]);

    await page.getByLabel('Your answer').focus();
    await page.keyboard.press('Tab');
    expect(await page.getByLabel('Your answer').inputValue()).toBe('It will be with you on Friday.');
    await page.keyboard.type(' Promised.');
    await page.keyboard.press('Enter');
    const sent = await site.site.receiver.waitFor(({ body }) => body.includes('Promised.'));
    expect(JSON.parse(sent.body)).toMatchObject({ thread_id: 'insert' });
    expect(sent.body).toContain(id);
    await card.waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  it('is sent as it is by its button, and leaves when it is dismissed', async () => {
    const view = await site.open({ scheme: 'dark' });
    const { page, complaints, faults } = view;
    await view.signIn(site.site.demo.agent);
    const card = page.getByRole('region', { name: 'Suggested answer' });
    await suggested(view, 'as it is', 'Omar Khan', 'Yes, until tomorrow.');
    await card.getByRole('button', { name: 'Send as it is' }).click();
    await site.site.receiver.waitFor(({ body }) => /"message_created".*Yes, until tomorrow/.test(body));

    await suggested(view, 'dismissed', 'Li Wei', 'Perhaps.');
    await card.getByText('Perhaps.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Your answer').focus();
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    expect(await page.getByLabel('Your answer').inputValue()).toBe('');
    expect(complaints).toEqual([]);
  });
});
