import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the settings', () => {
  it('change the organization and its rooms, and say at the field what the hub refuses', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    await signIn({ token: site.site.demo.settings_token });
    await page.keyboard.press('g');
    await page.keyboard.press('s');
    await page.getByRole('heading', { name: 'Organization' }).waitFor();
    await page.getByLabel('City').fill('Helsinki');
    await page.getByLabel('Public key').fill('no key');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter an RSA public key').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Public key').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const { organization_id } = site.site.demo;
    const organization = await site.site.client.request('GET', `/api/v5/orgs/${organization_id}`);
    expect(organization.body).toMatchObject({ city: 'Helsinki', encryption_public_key: null });

    await page.getByRole('link', { name: 'Rooms' }).click();
    await page.getByRole('button', { name: 'New room' }).click();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('This field may not be blank.').waitFor();
    await page.getByLabel('Name').fill('Returns');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Returns' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Shown to visitors as').fill('Returns and refunds');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Rooms' }).click();
    await page.getByRole('cell', { name: 'Returns and refunds' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Returns', exact: true }).click();
    await page.getByRole('button', { name: 'Delete the room' }).click();
    await page.getByRole('alertdialog').getByText('Channels that start chats here').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Rooms' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Returns', exact: true }).count()).toBe(0);
    expect(complaints.filter((each) => !each.includes('400'))).toEqual([]);
  });

  it('are not shown to those without the rights', async () => {
    const { page, signIn, faults } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn(site.site.demo.agent);
    await page.goto(`${site.site.hub.url}/console/settings/rooms`);
    await page.getByText('There is nothing here for you.').waitFor();
    expect(await faults()).toEqual([]);
  });
});
