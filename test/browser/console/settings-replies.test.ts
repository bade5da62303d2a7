import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the canned replies in the settings', () => {
  it('are written, tried, found, changed and deleted', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { demo, client } = site.site;
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/replies`);
    await page.getByText('There is no canned reply yet.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'New reply' }).click();
    await page.getByLabel('For').selectOption('Everybody');
    await page.getByLabel('Shortcut').fill('too late');
    await page.getByLabel('Text').fill('Dear {{ visitor_name }}, your order {{order}} is late.\n{{agent_name}}');
    await page.getByText('Dear Jane Doe, your order {{order}} is late.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('Use 1 to 50 letters, digits').waitFor();
    await page.getByLabel('Shortcut').fill('Late');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('heading', { name: '/late' }).waitFor();
    await page.getByText('For: Everybody').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Text').fill('Hello <b>{{visitor_name}}</b>');
    await page.getByText('Hello <b>Jane Doe</b>').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const path = `/api/v5/orgs/${demo.organization_id}/canned_replies/${page.url().split('/').at(-1)}`;
    expect((await client.request('GET', path)).body).toMatchObject({
      visibility: 'organization',
      shortcut: 'late',
      message: 'Hello <b>{{visitor_name}}</b>',
    });

    await page.getByRole('link', { name: 'Canned replies' }).first().click();
    await page.getByRole('row', { name: /late Hello .* Everybody/ }).waitFor();
    await page.getByLabel('Find').fill('refund');
    await page.getByText('No reply fits.').waitFor();
    await page.getByLabel('Find').fill('HELLO');
    await page.getByRole('link', { name: '/late' }).click();
    await page.getByRole('button', { name: 'Delete the reply' }).click();
    await page.getByRole('alertdialog').getByText('Your colleagues lose the text, too.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('There is no canned reply yet.').waitFor();
    expect(complaints.filter((each) => !/status of 400/.test(each))).toEqual([]);
  });

  it('of a team are managed by those who look after the settings, though they are not in it', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark' });
    const { demo, client } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const made = await client.request('POST', `${organization}/teams`, { name: 'Returns' });
    const { id } = made.body as { id: string };
    await client.request('POST', `${organization}/teams/${id}/memberships`, { user_id: demo.agent.id });
    const body = { visibility: 'team', team_id: id, shortcut: 'back', message: 'Send it back to us.' };
    expect((await client.request('POST', `${organization}/canned_replies`, body, demo.agent.token)).status).toBe(201);
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/replies`);
    await page.getByText('There is no canned reply yet.').waitFor();
    await page.getByLabel('Whose').selectOption('Of the team Returns');
    await page.getByRole('link', { name: '/back' }).click();
    await page.getByText('For: Team Returns').waitFor();
    await page.getByLabel('Text').fill('Send it back to us, please.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Canned replies' }).first().click();
    await page.getByLabel('Whose').selectOption('Of the team Returns');
    await page.getByText('Send it back to us, please.').waitFor();
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('of everybody are only read by agents, who have their own', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    const { demo, client } = site.site;
    const all = `/api/v5/orgs/${demo.organization_id}/canned_replies`;
    const body = { visibility: 'organization', shortcut: 'hours', message: 'We are there from 9 to 17.' };
    const made = await client.request('POST', all, body);
    await signIn(demo.agent);
    await page.goto(`${site.site.hub.url}/console/settings/replies/${(made.body as { id: string }).id}`);
    await page.getByText('Somebody with the right to the settings can change it.').waitFor();
    expect(await page.getByRole('button', { name: 'Delete the reply' }).count()).toBe(0);
    expect(await faults()).toEqual([]);
    await page.getByRole('link', { name: 'Canned replies' }).first().click();
    await page.getByRole('button', { name: 'New reply' }).click();
    expect(await page.getByRole('option', { name: 'Everybody' }).count()).toBe(0);
    await page.getByLabel('Shortcut').fill('bye');
    await page.getByLabel('Text').fill('Goodbye!');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('For: You').waitFor();
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
