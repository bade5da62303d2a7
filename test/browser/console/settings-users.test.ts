import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

const refusals = (complaints: readonly string[]) => complaints.filter((each) => !/status of (400|401|409)/.test(each));

describe('the users in the settings', () => {
  it('are added, changed and signed in with a link, and get tokens that end when they are revoked', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    await signIn({ token: site.site.demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/users`);
    await page.getByRole('cell', { name: 'Sam Settings' }).waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('First name').fill('Eve');
    await page.getByLabel('Email').fill('eve');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('Enter a valid email address.').waitFor();
    await page.getByLabel('Email').fill('eve@example.com');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('heading', { name: 'Eve', exact: true }).waitFor();
    await page.getByText('Nothing is signed in as them.').waitFor();
    expect(await faults()).toEqual([]);

    await page.getByLabel('Last name').fill('Ek');
    await page.getByLabel('Name for visitors').fill('Eve from Support');
    await page.getByLabel('Email').fill('eve.ek@example.com');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Eve Ek' }).waitFor();
    await page.getByLabel('Name for visitors').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const eve = page.url().split('/').at(-1);
    const path = `/api/v5/orgs/${site.site.demo.organization_id}/users/${eve}`;
    const saved = await site.site.client.request('GET', path);
    expect(saved.body).toMatchObject({ full_name: 'Eve Ek', alias: null, email: 'eve.ek@example.com' });

    await page.getByRole('button', { name: 'New sign-in link' }).click();
    await page.getByLabel(/^Reports/).check();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Make the link' }).click();
    const made = page.getByRole('alertdialog', { name: 'The new sign-in link' });
    const link = (await made.locator('code').first().textContent()) ?? '';
    expect(await faults()).toEqual([]);
    const hers = await site.open();
    await hers.page.goto(link);
    await hers.page.getByRole('button', { name: 'Continue' }).click();
    await hers.page.getByText('Live', { exact: true }).waitFor();
    await made.getByRole('button', { name: 'I have copied it' }).click();
    await expect.poll(() => made.count()).toBe(0);

    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Mail gateway');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Make the token' }).click();
    const shown = page.getByRole('alertdialog', { name: 'The new token' });
    const token = (await shown.locator('code').first().textContent()) ?? '';
    expect(await faults()).toEqual([]);
    await shown.getByRole('button', { name: 'I have copied it' }).click();
    const asEve = () => site.site.client.request('GET', '/api/v5/users/me', undefined, token);
    expect((await asEve()).body).toMatchObject({ id: eve });
    const session = page.getByRole('row', { name: /Session in Chrome on .* Reports/ });
    const gateway = page.getByRole('row', { name: /Mail gateway Own chats/ });
    await gateway.waitFor();
    expect(await faults()).toEqual([]);
    await gateway.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('alertdialog').getByText('is refused from then on').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
    await expect.poll(() => gateway.count()).toBe(0);
    await page.getByLabel('Show ended ones').check();
    await page.getByRole('cell', { name: /^Revoked/ }).waitFor();
    await session.getByRole('button', { name: 'End' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'End it' }).click();
    await page.getByRole('row', { name: /Session in Chrome on .* Reports .* Revoked/ }).waitFor();

    await page.getByRole('button', { name: 'Delete the user' }).click();
    await page.getByRole('alertdialog').getByText('Nobody can bring them back.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Users' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Eve Ek' }).count()).toBe(0);
    await page.getByLabel('Show deleted ones').check();
    await page.getByRole('row', { name: /Eve Ek .* Deleted/ }).waitFor();
    expect(await faults()).toEqual([]);
    expect(refusals(complaints)).toEqual([]);
  });

  it('show which session is one’s own, and sign one out when it is revoked', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn({ token: site.site.demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/users`);
    await page.getByRole('link', { name: 'Sam Settings' }).click();
    await page.getByText('You cannot delete yourself.').waitFor();
    const own = page.getByRole('row', { name: /this browser/ });
    await own.getByRole('button', { name: 'End' }).click();
    await page.getByText('you are signed out').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('Your session has ended.').waitFor();
    expect(await faults()).toEqual([]);
    expect(refusals(complaints)).toEqual([]);
  });
});
