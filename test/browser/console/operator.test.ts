import { afterEach, beforeEach, expect, it } from 'vitest';
import { answer, startReceiver, type WebhookReceiver } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
let gateway: WebhookReceiver;
beforeEach(async () => {
  site = await openConsoleSite({}, { isDemo: true });
  gateway = await startReceiver(() => answer(503, {}, 'the mail server sleeps'));
});
afterEach(async () => {
  await gateway?.stop();
  await site?.stop();
});

it('an operator sets up a room, a person and a channel, and finds, mends and repeats the reply that failed', async () => {
  const sam = await site.open();
  const { page } = sam;
  const section = (name: string) =>
    page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name, exact: true }).click();
  await page.getByRole('button', { name: 'Sam Settings' }).click();
  await page.getByText('Live', { exact: true }).waitFor();

  // A room.
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await section('Rooms');
  await page.getByRole('button', { name: 'New room' }).click();
  await page.getByLabel('Name').fill('Orders');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Orders', level: 1 }).waitFor();

  // A user, who signs in by a link in another browser.
  await section('Users');
  await page.getByRole('button', { name: 'New user' }).click();
  await page.getByLabel('First name').fill('Eve');
  await page.getByLabel('Last name').fill('Ek');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('heading', { name: 'Eve Ek', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'New sign-in link' }).click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  const shown = page.getByRole('alertdialog', { name: 'The new sign-in link' });
  const link = (await shown.locator('code').first().textContent()) ?? '';
  await shown.getByRole('button', { name: 'I have copied it' }).click();
  const eve = await site.open({ scheme: 'dark' });
  await eve.page.goto(link);
  await eve.page.getByRole('button', { name: 'Continue' }).click();
  await eve.page.getByText('Nobody is waiting').waitFor();
  expect(await eve.page.getByRole('link', { name: 'Deliveries' }).count()).toBe(0);

  // A channel of the room, whose receiver is broken.
  await section('Channels');
  await page.getByRole('button', { name: 'New channel' }).click();
  await page.getByLabel('Name').fill('Order mail');
  await page.getByLabel('Kind').fill('email');
  await page.getByLabel('Room').selectOption({ label: 'Orders' });
  await page.getByLabel('Webhook URL').fill(`${gateway.url}/mail`);
  await page.getByLabel('Retries').fill('0');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Order mail', level: 1 }).waitFor();
  const command = (await page.locator('code').filter({ hasText: 'curl' }).first().textContent()) ?? '';
  const channel = /unified_messaging\/([0-9a-f-]{36})\/messages/.exec(command)?.[1] ?? '';

  // The gateway posts a message, and the new user answers.
  await site.site.client.sendMessage(channel, 'order-7', 'Is my order packed?', 'mail-7');
  await eve.page.getByRole('link', { name: /Is my order packed/ }).click();
  await eve.page.getByRole('button', { name: 'Take the chat' }).click();
  await eve.page.getByLabel('Your answer').fill('It is, and leaves today.');
  await eve.page.getByRole('button', { name: 'Send', exact: true }).click();
  await eve.page.getByText('Not delivered').first().waitFor();
  expect(await eve.faults()).toEqual([]);

  // What failed, and why.
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Deliveries', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
  const row = page.getByRole('row').filter({ hasText: 'order-7' }).first();
  await row.getByText('Failed 1/1').waitFor();
  await row.getByRole('link').first().click();
  const attempts = page.getByRole('region', { name: 'Attempts' });
  await attempts.getByText('Status 503').waitFor();
  await attempts.getByText('What it answered').click();
  await attempts.getByText('the mail server sleeps').waitFor();
  expect(await sam.faults()).toEqual([]);

  // It is mended, and the reply goes out again as it was.
  gateway.behave(() => answer(200));
  await page.getByRole('button', { name: /^Replay/ }).click();
  await page.getByText('Delivered').first().waitFor();
  const bodies = gateway.requests.map(({ body }) => body);
  expect(bodies).toHaveLength(2);
  expect(bodies[1]).toBe(bodies[0]);
  expect(JSON.parse(bodies[1] ?? '')).toMatchObject({ thread_id: 'order-7' });
  await expect.poll(() => eve.page.getByText('Not delivered').count()).toBe(0);
  expect(sam.complaints).toEqual([]);
  expect(eve.complaints).toEqual([]);
});
