import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, answer } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

type Secret = { secret: string; previous_secret_expires_at: string | null };

describe('the settings of channels', () => {
  it('make a channel, tell a program what it needs, test the receiver, change the secret, close threads and delete', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { client, demo, receiver } = site.site;
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/channels`);
    await page.getByRole('link', { name: 'Channel of a test' }).waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'New channel' }).click();
    await page.getByText('Gives up about 17 minutes after the first attempt.').waitFor();
    await page.getByLabel('Retries').fill('3');
    await page.getByText('A restart of the receiver may take longer.').waitFor();
    await page.getByLabel('Name').fill('Support mail');
    await page.getByLabel('Kind').fill('email');
    await page.getByLabel('Webhook URL').fill('ftp://nowhere');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.locator('.form-problem').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Webhook URL').fill(`${receiver.url}/mail`);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Support mail' }).waitFor();
    await page.getByText('Nothing has come through this channel yet.').waitFor();
    await page.getByText('0 accepted').waitFor();
    const id = page.url().split('/').pop() ?? '';
    const path = client.channelPath(id);
    expect((await client.request('GET', path)).body).toMatchObject({ max_retry_count: 3, messaging_channel: 'email' });
    expect(await page.locator('code').first().textContent()).toContain(`${site.site.hub.url}${path}/messages`);
    expect(await faults()).toEqual([]);

    const refusing: Answer = answer(418, {}, 'a teapot');
    receiver.behave(() => refusing);
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/^Refused: 418/).waitFor();
    await page.getByText('a teapot').waitFor();
    expect(await faults()).toEqual([]);
    receiver.behave(() => answer(204));
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText(/^Accepted: 204/).waitFor();

    await page.getByRole('button', { name: 'Show the secret' }).click();
    const before = (await client.request('GET', `${path}/secret`)).body as Secret;
    await page.getByText(before.secret).waitFor();
    await page.getByRole('button', { name: 'New secret…' }).click();
    await page.getByLabel('The present secret goes on for').selectOption({ label: 'An hour' });
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByText(/The secret before it signs too, until/).waitFor();
    const after = (await client.request('GET', `${path}/secret`)).body as Secret;
    expect(after.secret).not.toBe(before.secret);
    expect(after.previous_secret_expires_at).not.toBeNull();
    await page.getByText(after.secret).waitFor();
    await page.getByRole('button', { name: 'Hide the secret' }).click();
    expect(await page.getByText(after.secret).count()).toBe(0);

    const receipt = await client.sendMessage(id, 'ticket-1', 'Where is my order?', 'mail-1');
    await expect
      .poll(async () => {
        await page.getByRole('button', { name: 'Read again' }).click();
        return page.getByRole('cell', { name: 'ticket-1', exact: true }).count();
      })
      .toBe(1);
    expect(await faults()).toEqual([]);
    await page.getByLabel('Thread', { exact: true }).fill('ticket-0');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('There is no such thread.').waitFor();
    await page.getByLabel('Thread', { exact: true }).fill('ticket-1');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Close ticket-1' }).click();
    await page.getByText('The chat ends for all who take part.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Close the chat' }).click();
    await page.getByRole('link', { name: 'Ended' }).waitFor();
    expect(await client.ownedChat(receipt.chat_id)).toMatchObject({ is_ended: true });
    expect(await page.getByRole('link', { name: 'Ended' }).getAttribute('href')).toContain(receipt.chat_id);

    await page.getByLabel('Retries').fill('12');
    await page.getByLabel('Tell of purges').check();
    await page.getByLabel('Send webhooks').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const changed = await client.request('GET', path);
    expect(changed.body).toMatchObject({ max_retry_count: 12, notify_purges: true, is_webhook_enabled: false });
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Channels' }).click();
    await page.getByRole('cell', { name: 'Off' }).waitFor();

    await page.getByRole('link', { name: 'Support mail' }).click();
    await page.getByRole('button', { name: 'Delete the channel' }).click();
    await page.getByText('Its open chats go on').waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Channels' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Support mail' }).count()).toBe(0);
    expect((await client.request('GET', path)).status).toBe(404);
    expect(complaints.filter((each) => !/40[04]/.test(each))).toEqual([]);
  });

  it('are clear in the dark and on a phone, with what has failed', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    const { client, demo, receiver } = site.site;
    receiver.behave(() => answer(500));
    const channel = await client.registerChannel(receiver.url, { name: 'Broken', max_retry_count: 0 });
    const { chat_id } = await client.sendMessage(channel.id, 'ticket-2', 'Hello?', 'mail-2');
    await client.joinChat(demo.agent, chat_id);
    await client.reply(demo.agent, chat_id, 'Here.');
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/channels`);
    await page.getByRole('link', { name: 'Broken' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Broken' }).click();
    await page.getByText('1 failed').waitFor();
    await page.getByRole('button', { name: 'Close ticket-2' }).waitFor();
    const link = page.getByRole('link', { name: 'Deliveries of ticket-2' });
    expect(await link.getAttribute('href')).toContain(`receiver=${channel.id}&thread=ticket-2`);
    expect(await faults()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.getByRole('button', { name: 'New secret…' }).click();
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
