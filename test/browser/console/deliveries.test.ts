import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemoHub } from '../../../scripts/demo-hub.ts';
import { answer } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite({ name: 'Support mail', max_retry_count: 1 });
});
afterAll(() => site?.stop());

let replies = 0;

/** Somebody answers in a thread, through its channel, so a webhook goes out. Answers the chat's id. */
async function reply(thread: string, body: string): Promise<string> {
  replies += 1;
  const sender = { sender_type: 'user', sender_id: site.site.demo.settings_user_id };
  const message = { ...sender, body, thread_id: thread, message_id: `reply ${replies}` };
  const { client } = site.site;
  const receipt = await client.sendMessages(site.channel.id, [message as never]);
  return receipt.chat_id;
}

const bodies = () => site.site.receiver.requests.map(({ body }) => body);

describe('the deliveries', () => {
  it('show an operator what failed and why, and send it again, without a reload', async () => {
    const { receiver, demo, hub } = site.site;
    receiver.behave(() => answer(503, {}, 'upstream connect error'));
    await site.write('ticket-1', 'Where is my order?');
    const chatId = await reply('ticket-1', 'It left our house this morning.');
    await reply('ticket-1', 'It will be with you on Friday.');

    const { page, signIn, faults, complaints } = await site.open();
    await signIn({ token: demo.settings_token });
    await page.evaluate('window.isSamePage = true');
    await page.getByRole('link', { name: /^Waiting/ }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
    await expect.poll(() => page.getByText('Failed 2/2').count()).toBe(2);
    expect(await faults()).toEqual([]);

    // The thread leads here too.
    await page.goto(`${hub.url}/console/inbox/open/${chatId}`);
    await page.getByRole('link', { name: 'Find out why' }).first().waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Find out why' }).first().click();
    await page.getByRole('button', { name: 'Of one chat only. Show all' }).waitFor();
    await page.evaluate('window.isSamePage = true');

    // Why: each attempt, and the body.
    const first = page.getByRole('row').filter({ hasText: 'Failed 2/2' }).last();
    await first.getByRole('link').click();
    await page.getByRole('heading', { name: 'New message' }).waitFor();
    const attempts = page.getByRole('region', { name: 'Attempts' });
    expect(await attempts.getByText('Status 503').count()).toBe(2);
    await attempts.getByText('What it answered').first().click();
    await attempts.getByText('upstream connect error').first().waitFor();
    const body = page.getByRole('region', { name: 'Body, as it is signed', exact: true });
    expect(bodies()).toContain(await body.textContent());
    await page.getByText('The body in lines').click();
    await page.getByText('sh send.sh').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Deliveries' }).first().click();

    // A test shows that the receiver is broken, and then that it is not.
    await page.getByLabel('Receiver').selectOption({ label: 'Support mail' });
    await page.getByText(/accepted = /).waitFor();
    expect(await page.getByText(/accepted = /).textContent()).toBe(
      '2 accepted = 0 delivered + 0 pending + 2 failed + 0 skipped',
    );
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Refused: 503').waitFor();
    expect(await faults()).toEqual([]);
    receiver.behave(() => answer(200, {}, 'thank you'));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Accepted: 200').waitFor();
    await page.getByText('thank you').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    // One again, then all others.
    await page.getByRole('button', { name: 'Replay New message of ticket-1' }).last().click();
    await page.getByText('Delivered 3').waitFor();
    await page.getByRole('button', { name: 'Replay all failed' }).click();
    await page.getByText('It is 1 webhook of 1 thread in the last 30 days.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByText('1 webhook is sent again.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => page.getByText('Delivered 3').count()).toBe(2);
    expect(await page.getByText(/Failed \d/).count()).toBe(0);
    const sent = (text: string) => bodies().filter((each) => each.includes(text));
    expect(new Set(sent('It left our house')).size).toBe(1);
    expect(sent('It left our house')).toHaveLength(3);
    expect(await page.evaluate('window.isSamePage')).toBe(true);

    // The address keeps what one looks at.
    await page.getByLabel('State').selectOption('Skipped');
    await page.getByText('No webhook is like that.').waitFor();
    expect(new URL(page.url()).searchParams.get('status')).toBe('skipped');
    await page.getByLabel('State').selectOption('All');
    await page.getByLabel('Thread').fill('ticket-2');
    await page.keyboard.press('Enter');
    await page.getByText('No webhook is like that.').waitFor();
    await page.reload();
    await page.getByText('No webhook is like that.').waitFor();
    expect(await page.getByLabel('Thread').inputValue()).toBe('ticket-2');
    expect(complaints).toEqual([]);
  });

  it('say why a deleted message is not sent again', async () => {
    const { receiver, demo, client } = site.site;
    receiver.behave(() => answer(500));
    await site.write('ticket-3', 'Hello?');
    const agent = (method: 'POST' | 'DELETE', path: string, body?: object) =>
      client.request(method, `/api/v5/users/${demo.settings_user_id}${path}`, body, demo.settings_token);
    const chatId = await reply('ticket-3', 'A first answer.');
    await agent('POST', '/clients', { presence_expires_in: 600 });
    await agent('POST', `/routed_chats/${chatId}/memberships`, { is_participating: true, composing_status: 'idle' });
    const { body } = await agent('POST', `/chats/${chatId}/messages`, { message: 'A secret.' });

    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn({ token: demo.settings_token });
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByLabel('Thread').fill('ticket-3');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByText('Failed 2/2').count()).toBe(2);
    expect(await faults()).toEqual([]);
    const deleted = await agent('DELETE', `/chats/${chatId}/messages/${(body as { id: string }).id}`);
    expect(deleted.status).toBe(204);
    await page.getByRole('row').filter({ hasText: 'Failed 2/2' }).first().getByRole('link').click();
    await page.getByText('it is not sent again.').waitFor();
    expect(await page.getByRole('button', { name: /^Replay/ }).count()).toBe(0);
    expect(await page.getByText('A secret.').count()).toBe(0);
    expect(await faults()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('say why there is no body for those who may not read the history', async () => {
    const { receiver, demo, hub, client } = site.site;
    receiver.behave(() => answer(200));
    await site.write('ticket-4', 'Hello?');
    await reply('ticket-4', 'A private answer.');
    const organization = `/admin/v1/organizations/${demo.organization_id}`;
    const admin = (method: 'POST' | 'PATCH', path: string, body: object) =>
      client.request(method, `${organization}${path}`, body, demo.admin_token);
    expect((await admin('PATCH', '', { private_chat_history: true })).status).toBe(200);
    const made = await admin('POST', `/users/${demo.agent2.id}/tokens`, { scopes: ['settings'] });
    const { page, signIn, faults, complaints } = await site.open();
    await signIn(made.body as { token: string });
    await page.goto(`${hub.url}/console/deliveries?thread=ticket-4`);
    await page.getByRole('row').filter({ hasText: 'Delivered' }).getByRole('link').click();
    await page.getByText('the history of chats is private').waitFor();
    expect(await page.getByText('A private answer.').count()).toBe(0);
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
    expect((await admin('PATCH', '', { private_chat_history: false })).status).toBe(200);
  });

  it('are none of what the address names and nothing is', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    await signIn({ token: site.site.demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/deliveries?receiver=nonsense&chat=%25`);
    await page.getByText('No webhook is like that.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await faults()).toEqual([]);
    // There is no such channel whose webhooks could be counted.
    expect(complaints.filter((each) => !/status of 404 .*\/nonsense\/ledger$/.test(each))).toEqual([]);
  });

  it('are not there for those without the right', async () => {
    const { page, signIn, faults } = await site.open();
    await signIn(site.site.demo.agent);
    expect(await page.getByRole('link', { name: 'Deliveries' }).count()).toBe(0);
    await page.goto(`${site.site.hub.url}/console/deliveries`);
    await page.getByText('There is nothing here for you.').waitFor();
    expect(await faults()).toEqual([]);
  });

  it('stay while the hub is away, and go on by themselves', async () => {
    const { demo, hub, folder, receiver } = site.site;
    receiver.behave(() => answer(200));
    await site.write('ticket-5', 'Hello?');
    await reply('ticket-5', 'Before the break.');
    const { page, signIn, faults } = await site.open();
    await signIn({ token: demo.settings_token });
    await page.goto(`${hub.url}/console/deliveries?thread=ticket-5`);
    await page.getByText('Delivered').nth(1).waitFor();
    const { port } = hub;
    await hub.stop();
    await page.getByRole('alert').getByText('The hub cannot be reached.').waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'ticket-5' }).count()).toBe(1);
    expect(await faults()).toEqual([]);
    const again = await startDemoHub({ persistTo: folder, port });
    try {
      await page.getByRole('alert').waitFor({ state: 'hidden' });
      await reply('ticket-5', 'After the break.');
      await expect.poll(() => page.getByRole('row').filter({ hasText: 'ticket-5' }).count()).toBe(2);
    } finally {
      await again.stop();
    }
  });
});
