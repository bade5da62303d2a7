import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the teams in the settings', () => {
  it.each([
    { name: 'Returns', scheme: 'light', width: 1280 },
    { name: 'Refunds', scheme: 'dark', width: 390 },
  ] as const)('are created, get members and lose them, and are deleted ($scheme, $width px)', async (look) => {
    const { name, ...view } = look;
    const { page, signIn, faults, complaints } = await site.open(view);
    const { demo, client } = site.site;
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/teams`);
    await page.getByRole('button', { name: 'New team' }).click();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('This field may not be blank.').waitFor();
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name }).waitFor();
    await page.getByText('Nobody is in the team yet.').waitFor();
    expect(await faults()).toEqual([]);
    const path = `/api/v5/orgs/${demo.organization_id}/teams/${page.url().split('/').at(-1)}`;

    await page.getByRole('button', { name: 'Add a member' }).click();
    await page.getByRole('combobox', { name: 'Who' }).selectOption(demo.agent.id);
    expect(await faults()).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    const smith = page.getByRole('row', { name: /Agent Smith/ });
    await smith.waitFor();
    expect((await client.request('GET', path)).body).toMatchObject({ member_count: 1 });
    await page.getByRole('button', { name: 'Add a member' }).click();
    await page.getByRole('combobox', { name: 'Who' }).getByRole('option').first().waitFor({ state: 'attached' });
    expect(await page.getByRole('option', { name: 'Agent Smith' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await smith.getByRole('button', { name: 'Take out' }).click();
    await page.getByRole('alertdialog').getByText('They keep those that they have taken.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Take out' }).click();
    await page.getByText('Nobody is in the team yet.').waitFor();

    await page.getByLabel('Shown as').fill(`${name} of the shop`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Teams' }).first().click();
    await page.getByRole('cell', { name: `${name} of the shop` }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('button', { name: 'Delete the team' }).click();
    await page.getByRole('alertdialog').getByText('Its members stay users.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Teams' }).waitFor();
    await expect.poll(() => page.getByRole('link', { name, exact: true }).count()).toBe(0);
    expect((await client.request('GET', path)).status).toBe(404);
    expect(complaints.filter((each) => !/status of 400/.test(each))).toEqual([]);
  });

  it('say where they list no more than the first thousand users', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { demo, client, hub } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const made = await client.request('POST', `${organization}/teams`, { name: 'Many' });
    await signIn({ token: demo.settings_token });
    await page.goto(`${hub.url}/console/settings/teams/${(made.body as { id: string }).id}`);
    // As if the organization had users without end: to make more than a thousand takes too long.
    let count = 0;
    await page.route(/\/users\?page_size=200/, async (route) => {
      const response = await route.fetch();
      const [user] = ((await response.json()) as { results: object[] }).results;
      const results = Array.from({ length: 200 }, () => {
        count += 1;
        return { ...user, id: `user ${count}`, full_name: `User ${count}` };
      });
      await route.fulfill({ response, json: { next: route.request().url(), previous: null, results } });
    });
    await page.getByRole('button', { name: 'Add a member' }).click();
    await page.getByText('Only the first 1,000 users are listed here.').waitFor();
    expect(await page.getByRole('combobox', { name: 'Who' }).getByRole('option').count()).toBe(1_000);
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
