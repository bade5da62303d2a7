import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** An app of an organization that anybody may install, told of new messages. Answers its id. */
async function makeApp(name: string, organizationId: string, token: string): Promise<string> {
  const { client, receiver } = site.site;
  const path = `/api/v5/orgs/${organizationId}/apps`;
  const fields = { name, terms_url: 'https://example.com/terms', privacy_url: 'https://example.com/privacy' };
  const app = await client.request('POST', path, { ...fields, is_available_to_anyone: true }, token);
  const { id } = app.body as { id: string };
  const webhook = {
    endpoint_url: `${receiver.url}/apps/${name}`,
    channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
    on_added: true,
  };
  expect((await client.request('POST', `${path}/${id}/webhooks`, webhook, token)).status).toBe(201);
  return id;
}

async function install(appId: string, organizationId: string, token: string): Promise<void> {
  const path = `/api/v5/orgs/${organizationId}/app_installations`;
  expect((await site.site.client.request('POST', path, { app_id: appId }, token)).status).toBe(201);
}

describe('the deliveries of apps', () => {
  it('have bodies and replays where the app is one’s own, and neither where others have made it', async () => {
    const { receiver, demo } = site.site;
    const { other } = demo;
    const own = await makeApp('Shop', demo.organization_id, demo.settings_token);
    await install(own, demo.organization_id, demo.settings_token);
    await install(own, other.organization_id, other.settings_token);
    const theirs = await makeApp('Reports', other.organization_id, other.settings_token);
    await install(theirs, demo.organization_id, demo.settings_token);
    receiver.behave(() => answer(200, {}, 'thank you'));
    await site.write('ticket-1', 'Where is my order?');

    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark' });
    await signIn({ token: demo.settings_token });
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    const rows = page.getByRole('row').filter({ hasText: 'added messages' });
    const rowOf = (name: string) => rows.filter({ has: page.getByRole('cell', { name, exact: true }) }).first();
    await rowOf('Shop').getByText('Delivered').waitFor();
    await rowOf('Reports').getByText('Delivered').waitFor();
    expect(
      await rowOf('Shop')
        .getByRole('button', { name: /^Replay/ })
        .count(),
    ).toBe(1);
    expect(await rowOf('Reports').getByRole('button').count()).toBe(0);

    await rowOf('Reports').getByRole('link').click();
    await page.getByText('between the hub and its owner').waitFor();
    await page.getByText(`${receiver.url}/apps/Reports`).waitFor();
    expect(await page.getByText('Where is my order?').count()).toBe(0);
    expect(await page.getByText('thank you').count()).toBe(0);
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Deliveries' }).last().click();

    await rowOf('Shop').getByRole('link').click();
    await page.getByText(`${receiver.url}/apps/Shop`).waitFor();
    const body = await page.getByRole('region', { name: 'Body, as it is signed', exact: true }).textContent();
    expect(receiver.requests.map((each) => each.body)).toContain(body);
    await page.getByText('With the secret of the app.').waitFor();
    expect(await faults()).toEqual([]);
    const before = receiver.requests.length;
    await page.getByRole('button', { name: /^Replay/ }).click();
    await receiver.waitUntil(({ length }) => length > before);
    await page.getByText('2 attempts').waitFor();

    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    await page.getByText(/accepted = /).waitFor();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByRole('button', { name: /^Send to 127\.0\.0\.1/ }).click();
    await page.getByText('Accepted: 200').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();

    // Its log at the other organization is apart.
    const elsewhere = page.getByLabel('Receiver').locator('option', { hasText: 'Shop, at' });
    await page.getByLabel('Receiver').selectOption(await elsewhere.getAttribute('value'));
    await page.getByText('No webhook is like that.').waitFor();
    await page.getByText(/^0 accepted = /).waitFor();
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
