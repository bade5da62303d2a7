import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the settings of interfaces', () => {
  it('make a key that is shown once and opens the interface until it is revoked, and say what answers', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { client, demo, hub, receiver } = site.site;
    const path = `/api/v5/orgs/${demo.organization_id}/threads`;
    const openedWith = async (key: string) =>
      (await fetch(`${hub.url}/api/v1/threads`, { headers: { 'x-api-key': key } })).status;
    await signIn({ token: demo.settings_token });
    await page.goto(`${hub.url}/console/settings/interfaces`);
    await page
      .getByText(/^In use\./)
      .first()
      .waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Threads API' }).click();
    await page.getByText(`${hub.url}/api/v1`).waitFor();

    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Label').fill('Help desk');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'The new key' }).waitFor();
    expect(await faults()).toEqual([]);
    const key = (await page.getByRole('alertdialog').locator('code').textContent()) ?? '';
    expect(await openedWith(key)).toBe(200);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('cell', { name: 'Help desk', exact: true }).waitFor();
    expect(await page.getByText(key).count()).toBe(0);

    await page.getByLabel('Webhook URL').fill(`${receiver.url}/threads`);
    await page.getByLabel('Webhook key').fill('with a space');
    await page.getByLabel('What answers').selectOption('A model, by the interface of OpenAI');
    await page.getByLabel('Model').fill('small');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Use visible ASCII characters without spaces.').waitFor();
    await page.getByLabel('Webhook key').fill('known');
    await page.getByRole('button', { name: 'Save' }).click();
    // What is wrong stands at the field, also within the responder.
    await page
      .locator('.form-field', { has: page.getByLabel('Its URL') })
      .locator('.form-problem')
      .waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Its URL').fill(`${receiver.url}/v1`);
    await page.getByLabel('Key of the service').fill('sk-1');
    await page.getByLabel('Its answers').selectOption('Are suggested to people');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The hub has one. Empty: it stays').waitFor();
    const responder = { type: 'openai', url: `${receiver.url}/v1`, model: 'small', mode: 'suggest', has_api_key: true };
    const saved = { webhook_url: `${receiver.url}/threads`, webhook_key: 'known', responder };
    expect((await client.request('GET', path)).body).toMatchObject(saved);
    await page.getByLabel('What answers').selectOption('Nothing: people answer');
    await page.getByLabel('Webhook URL').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect((await client.request('GET', path)).body).toMatchObject({ webhook_url: null, responder: null });
    await page.getByRole('button', { name: 'Show the secret' }).click();
    await page.getByText(/^whsec_/).waitFor();

    await page.getByRole('button', { name: 'Revoke Help desk' }).click();
    await page.getByText('Programs that use it are refused').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('cell', { name: /^Revoked/ }).waitFor();
    expect(await openedWith(key)).toBe(401);
    expect(complaints.filter((each) => !each.includes('400'))).toEqual([]);
  });

  it('name the organization as JSON-RPC does, in the dark and on a phone', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    const { demo, hub } = site.site;
    await signIn({ token: demo.settings_token });
    await page.goto(`${hub.url}/console/settings/interfaces`);
    await page
      .getByText(/^In use\./)
      .first()
      .waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'JSON-RPC' }).click();
    await page.getByText(demo.rpc.orgid).waitFor();
    await page.getByRole('button', { name: 'Show the secret' }).waitFor();
    expect(await faults()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(complaints).toEqual([]);
  });
});
