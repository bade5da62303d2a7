import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer } from '../../../scripts/webhook-receiver.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** What a page says but for the refusals that a test has caused. */
const others = (complaints: readonly string[], statuses: RegExp) => complaints.filter((each) => !statuses.test(each));

/** What an app does to get a token that lasts: it exchanges the code that it gets when somebody opens it. */
async function lastingToken(installationId: string, secret: string): Promise<string> {
  const { client, demo, hub } = site.site;
  const path = `/api/v5/orgs/${demo.organization_id}/app_installations/${installationId}`;
  const opened = await client.request('GET', `${path}/trigger?type=manual_nav`);
  const data = new URL((opened.body as { url: string }).url).searchParams.get('data') ?? '';
  const { app_user_code, app_id } = decodeJwt(data) as { app_user_code: string; app_id: string };
  const form = { grant_type: 'authorization_code', code: app_user_code, client_id: app_id, client_secret: secret };
  const response = await fetch(`${hub.url}/identity/token`, { method: 'POST', body: new URLSearchParams(form) });
  return ((await response.json()) as { access_token: string }).access_token;
}

describe('the settings of apps', () => {
  it('make an app with a webhook, test it, install it, and take all of it away again', async () => {
    const { page, context, signIn, faults, complaints } = await site.open();
    const { client, demo, receiver } = site.site;
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/own-apps`);
    await page.getByText('You have no app.').waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'New app' }).click();
    await page.getByLabel('Name').fill('Order helper');
    await page.getByLabel('Terms of service').fill('no address');
    await page.getByLabel('Privacy policy').fill('https://apps.example.com/privacy');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.locator('.form-problem').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Terms of service').fill('https://apps.example.com/terms');
    await page.getByRole('button', { name: 'Create' }).click();
    const shown = page.getByRole('alertdialog', { name: 'The secret of the app' });
    const secret = (await shown.locator('code').textContent()) ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(await faults()).toEqual([]);
    await shown.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('heading', { name: 'Order helper', level: 1 }).waitFor();
    expect(await page.content()).not.toContain(secret);

    await page.getByLabel('Description').fill('Finds the order that a customer\nasks about.');
    await page.getByLabel('It takes part in chats as a bot').check();
    await page.getByLabel('reports: Read all chats').check();
    await page.getByLabel('Address').fill(`${receiver.url}/open`);
    await page.getByLabel('From the navigation').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect(await faults()).toEqual([]);

    receiver.behave(() => answer(503, {}, 'the shop is closed'));
    await page.getByRole('button', { name: 'New webhook' }).click();
    const dialog = page.getByRole('dialog', { name: 'New webhook' });
    await dialog.getByLabel('About').selectOption('Something else');
    await dialog.getByLabel('Channel').fill('/api/v5/orgs/{organization_id}/parrots');
    await dialog.getByLabel('Endpoint').fill(`${receiver.url}/hooks?key=one`);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('There is no channel with this path.').waitFor();
    expect(await faults()).toEqual([]);
    await dialog.getByLabel('About').selectOption('Messages in all chats of the organization’s rooms');
    await dialog.getByRole('button', { name: 'Create' }).click();
    const row = page.getByRole('row', { name: /Messages in all chats/ });
    await row.getByRole('button', { name: 'Send a test' }).click();
    await row.getByText(/Refused: 503 after \d+ ms/).waitFor();
    await row.getByText('the shop is closed').waitFor();
    expect(await faults()).toEqual([]);
    receiver.behave(() => answer(200));
    await row.getByRole('button', { name: 'Send a test' }).click();
    await row.getByText(/Accepted: 200/).waitFor();
    expect(JSON.parse(receiver.requests.at(-1)?.body ?? '')).toMatchObject({ action: 'test' });

    await page.getByRole('link', { name: 'Install it here' }).click();
    await page.getByText('Finds the order that a customer').waitFor();
    await page.getByText('Messages in all chats of the organization’s rooms, when added').waitFor();
    await page.getByText(new URL(receiver.url).host).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Install' }).click();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Install and agree' }).click();
    await page.getByText('Its bot is “Order helper”.').waitFor();
    expect(await faults()).toEqual([]);
    await site.write('shop-1', 'Where is my order?');
    const told = await receiver.waitFor(({ path, body }) => path === '/hooks?key=one' && body.includes('Where is my'));
    expect(JSON.parse(told.body)).toMatchObject({ action: 'added' });
    await page.getByRole('link', { name: 'See when it was sent what' }).click();
    await page.getByRole('row').filter({ hasText: 'added messages' }).getByText('Delivered').first().waitFor();
    await page.goBack();

    const pages = page.getByRole('region', { name: 'Its pages' });
    await pages.getByRole('button', { name: 'Set it up' }).click();
    await pages.getByText('The app has no page for this.').waitFor();
    expect(await faults()).toEqual([]);
    const opening = context.waitForEvent('page');
    await pages.getByRole('button', { name: 'Open the app' }).click();
    const opened = await opening;
    await opened.waitForURL(`${receiver.url}/open?**`);
    const given = new URL(opened.url()).searchParams;
    expect([given.get('type'), decodeJwt(given.get('data') ?? ''), decodeJwt(given.get('token') ?? '')]).toEqual([
      'manual_nav',
      expect.objectContaining({ inst_id: page.url().split('/').at(-1) }),
      expect.objectContaining({ perms: ['reports'] }),
    ]);
    expect(await opened.evaluate('[window.opener, document.referrer]')).toEqual([null, '']);
    await opened.close();
    expect(await pages.getByRole('alert').count()).toBe(0);
    await page.evaluate('window.open = () => null');
    await pages.getByRole('button', { name: 'Open the app' }).click();
    await pages.getByText('The browser has blocked the new tab.').waitFor();

    const token = await lastingToken(page.url().split('/').at(-1) ?? '', secret);
    const asBot = () => client.request('GET', `/api/v5/orgs/${demo.organization_id}/users`, undefined, token);
    expect((await asBot()).status).toBe(200);
    await page.reload();
    await page.getByRole('button', { name: 'Revoke' }).click();
    expect(await faults()).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('It has none.').waitFor();
    await expect.poll(async () => (await asBot()).status).toBe(401);

    await page.getByRole('button', { name: 'Uninstall the app' }).click();
    await page.getByRole('alertdialog').getByText('Its bot “Order helper” is deleted').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Uninstall', exact: true }).click();
    await page.getByText('No app is installed.').waitFor();

    await page.getByRole('link', { name: 'Own apps' }).click();
    await page.getByRole('link', { name: 'Order helper' }).click();
    await page.getByRole('button', { name: /^Edit the webhook about Messages/ }).click();
    await page.getByRole('dialog').getByLabel('On', { exact: true }).uncheck();
    await page.getByRole('dialog').getByLabel('When something is changed').check();
    await page.getByRole('button', { name: 'Save' }).last().click();
    await page.getByRole('cell', { name: 'added or changed' }).waitFor();
    await page.getByRole('cell', { name: 'Off', exact: true }).waitFor();
    await page
      .getByRole('row', { name: /Messages in all chats/ })
      .getByRole('button', { name: 'Delete' })
      .click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The app is sent nothing.').waitFor();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Make it' }).click();
    const renewed = page.getByRole('alertdialog', { name: 'The new secret of the app' });
    expect(await renewed.locator('code').textContent()).not.toBe(secret);
    expect(await faults()).toEqual([]);
    await renewed.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('button', { name: 'Delete the app' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('You have no app.').waitFor();
    const apps = await client.request('GET', `/api/v5/orgs/${demo.organization_id}/apps`);
    expect(apps.body).toMatchObject({ results: [] });
    expect(others(complaints, /400/)).toEqual([]);
  });

  it('ask again before an app of others is sent more, and agree to nothing that was not shown', async () => {
    const { client, demo } = site.site;
    const { other } = demo;
    const apps = `/api/v5/orgs/${other.organization_id}/apps`;
    const asOwner = (path: string, body: object) => client.request('POST', path, body, other.settings_token);
    const made = await asOwner(apps, {
      name: 'Translator',
      description: 'Translates.',
      terms_url: 'https://translate.example.com/terms',
      privacy_url: 'https://translate.example.com/privacy',
      is_available_to_anyone: true,
      required_scopes: ['reports'],
    });
    const { id } = made.body as { id: string };
    const subscribe = (part: string) =>
      asOwner(`${apps}/${id}/webhooks`, {
        endpoint_url: 'https://translate.example.com/hooks?key=secret',
        channel_pattern: `/api/v5/orgs/{organization_id}/owned_chats/*/${part}`,
        on_added: true,
      });
    await subscribe('messages');

    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/apps`);
    await page.getByText('No app is installed.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Install an app' }).click();
    await page.getByRole('link', { name: 'Translator' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Translator' }).click();
    await page.getByText('translate.example.com').waitFor();
    expect(await page.content()).not.toContain('key=secret');
    expect(await faults()).toEqual([]);

    // Its owner adds a webhook while the page is open.
    await subscribe('tags');
    await page.getByRole('button', { name: 'Install' }).click();
    await page.getByRole('button', { name: 'Install and agree' }).click();
    await page.getByText('has just changed').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Tags of all chats').waitFor();
    await page.getByRole('button', { name: 'Install' }).click();
    await page.getByRole('button', { name: 'Install and agree' }).click();
    await page.getByRole('heading', { name: 'Uninstall' }).waitFor();
    expect(await page.getByText('It asks to be sent more').count()).toBe(0);

    await subscribe('memberships');
    await page.getByRole('link', { name: 'Installed apps' }).first().click();
    await page.reload();
    await page.getByText('Asks to be sent more').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Translator' }).click();
    const asked = page.getByRole('region', { name: 'It asks to be sent more' });
    await asked.getByText('Who joins and leaves').waitFor();
    expect(await faults()).toEqual([]);
    await subscribe('reply_suggestions');
    await asked.getByRole('button', { name: 'Agree' }).click();
    await asked.getByText('Look at them again.').waitFor();
    await asked.getByText('Suggested answers').waitFor();
    expect(await faults()).toEqual([]);
    await asked.getByRole('button', { name: 'Agree' }).click();
    await asked.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'What it is sent' }).getByText('Who joins and leaves').waitFor();
    expect(await faults()).toEqual([]);
    expect(others(complaints, /409/)).toEqual([]);
  });
});
