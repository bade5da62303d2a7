import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the audit log in the settings', () => {
  it.each([
    { scheme: 'light', width: 1280 },
    { scheme: 'dark', width: 390 },
  ] as const)('says who changed what, and finds it again ($scheme, $width px)', async (view) => {
    const { page, signIn, faults, complaints } = await site.open(view);
    const { demo, client } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const smith = `${organization}/users/${demo.agent.id}`;
    expect((await client.request('PATCH', smith, { title: 'Agent' })).status).toBe(200);
    expect((await client.request('PATCH', smith, { alias: 'Smith' }, demo.agent.token)).status).toBe(200);
    expect((await client.request('POST', `${organization}/rooms`, { name: 'Returns' })).status).toBe(201);

    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/audit-log`);
    const rows = page.getByRole('table', { name: 'Entries of the audit log' }).getByRole('row');
    await rows.filter({ hasText: 'Sam Settings' }).filter({ hasText: 'Signed in' }).first().waitFor();
    await rows.filter({ hasText: 'Created room' }).first().waitFor();
    await rows.filter({ hasText: 'The operator of the hub' }).first().waitFor();
    expect(await faults()).toEqual([]);

    const who = page.getByLabel('Who', { exact: true });
    await who.selectOption('Agent Smith');
    await rows.filter({ hasText: 'Sam Settings' }).first().waitFor({ state: 'detached' });
    await rows.filter({ hasText: 'Changed user' }).first().waitFor();
    await page.getByLabel('or what').selectOption('Created room');
    await rows.filter({ hasText: 'Agent Smith' }).first().waitFor({ state: 'detached' });
    expect(await who.inputValue()).toBe('');
    await rows.filter({ hasText: 'Sam Settings' }).filter({ hasText: 'Created room' }).first().waitFor();
    await rows.last().getByText('Show').click();
    await page.getByText('createRoom').last().waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Until').fill('2020-01-01');
    await page.getByText('There is no such entry.').waitFor();
    await page.getByLabel('Until').fill('');

    await page.getByLabel('or what').selectOption('Changed user');
    const change = rows.filter({ hasText: 'Agent Smith' }).first();
    await change.getByRole('link', { name: 'All entries about this user' }).click();
    await page.getByRole('heading', { name: 'What happened to Agent Smith' }).waitFor();
    await rows.filter({ hasText: 'Sam Settings' }).first().waitFor();
    expect(await page.getByLabel('Who', { exact: true }).count()).toBe(0);
    expect(await faults()).toEqual([]);
    await rows.filter({ hasText: 'Changed user' }).first().getByRole('link', { name: 'Agent Smith' }).click();
    await page.getByRole('heading', { name: 'Agent Smith' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
