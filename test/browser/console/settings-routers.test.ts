import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the settings of routers', () => {
  it('say in a sentence who gets the chats of which rooms, and how many that are, while one edits', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { client, demo } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    await client.request('POST', `${organization}/rooms`, { name: 'Returns' });
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/routers`);
    await page.getByText('Rooms without a router: Returns.').waitFor();
    expect(await faults()).toEqual([]);

    await page.getByRole('button', { name: 'New router' }).click();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Name').fill('Night shift');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name: 'Night shift' }).waitFor();
    await page.getByText('It has no room yet, so it decides nothing.').waitFor();
    const add = async (label: string, name: string) => {
      const field = page.locator('.form-field', { has: page.getByText(label, { exact: true }) });
      await field.getByRole('combobox').selectOption(name);
      await field.getByRole('button', { name: /^Add/ }).click();
    };
    await add('Rooms', 'Returns');
    await page.getByText('Chats in Returns go to nobody. Reaches nobody.').waitFor();
    expect(await faults()).toEqual([]);
    await add('People and bots', 'Agent Smith');
    await page.getByText('Chats in Returns go to Agent Smith. Reaches 1 person.').waitFor();
    await add('People and bots', 'Agent Jones');
    await page.getByText('Chats in Returns go to Agent Smith and Agent Jones. Reaches 2 people.').waitFor();
    const focused = () =>
      page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.tagName');
    expect(await focused()).toBe('SELECT');
    await page.getByRole('button', { name: 'Remove Agent Smith' }).click();
    await page.getByText('Chats in Returns go to Agent Jones. Reaches 1 person.').waitFor();
    expect(await focused()).toBe('Remove Agent Jones');
    await page.keyboard.press('Enter');
    await page.getByText('Chats in Returns go to nobody.').waitFor();
    expect(await focused()).toBe('SELECT');
    await add('People and bots', 'Agent Smith');
    await page.getByText('Reaches 1 person.').waitFor();
    await page.getByLabel('Everybody in the organization').selectOption('All people and bots');
    await page.getByText('go to all people and bots and Agent Smith.').waitFor();
    const asked = { targets: [{ kind: 'all', include_bots: true }] };
    const reach = (await client.request('POST', `${organization}/routers/reach`, asked)).body as { users: number };
    await page.getByText(`Reaches ${reach.users} people and `).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const id = page.url().split('/').pop() ?? '';
    expect((await client.request('GET', `${organization}/routers/${id}`)).body).toMatchObject({
      name: 'Night shift',
      targets: [
        { kind: 'all', id: null, include_bots: true },
        { kind: 'user', id: demo.agent.id, include_bots: false },
      ],
    });

    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Routers' }).click();
    await page.getByRole('cell', { name: 'Chats in Returns go to all people and bots and Agent Smith.' }).waitFor();
    await page.getByRole('link', { name: 'Night shift' }).click();
    await page.getByRole('button', { name: 'Delete the router' }).click();
    await page.getByText('reach everybody but bots again').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Rooms without a router: Returns.').waitFor();
    expect((await client.request('GET', `${organization}/routers/${id}`)).status).toBe(404);
    expect(complaints).toEqual([]);
  });

  it('name partner organizations with which a room is shared', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { client, demo } = site.site;
    const rooms = `/admin/v1/organizations/${demo.organization_id}/rooms`;
    const shared = await client.request(
      'PUT',
      `${rooms}/${demo.room_id}/shares/${demo.other.organization_id}`,
      undefined,
      demo.admin_token,
    );
    expect(shared.status).toBe(201);
    const other = await client.request(
      'GET',
      `/api/v5/orgs/${demo.other.organization_id}`,
      undefined,
      demo.other.settings_token,
    );
    const { name } = other.body as { name: string };
    const routers = `/api/v5/orgs/${demo.organization_id}/routers`;
    const made = await client.request('POST', routers, { name: 'To partners', room_ids: [demo.room_id] });
    const { id } = made.body as { id: string };
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/routers/${id}`);
    await page.getByLabel('Partner organizations').selectOption(name);
    await page.getByRole('button', { name: 'Add the partner organization' }).click();
    await page.getByText(`go to ${name}.`).waitFor();
    await page.getByLabel(`Bots of ${name}, too`).check();
    await page.getByText(`go to ${name} with its bots.`).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    const targets = [{ kind: 'organization', id: demo.other.organization_id, include_bots: true }];
    expect((await client.request('GET', `${routers}/${id}`)).body).toMatchObject({ targets });
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Routers' }).click();
    await page.getByRole('cell', { name: `go to ${name} with its bots.` }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('are clear in the dark and on a phone', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn({ token: site.site.demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/routers`);
    await page.locator('.records a').first().waitFor();
    expect(await faults()).toEqual([]);
    await page.locator('.records a').first().click();
    await page.getByText(/Reaches /).waitFor();
    expect(await faults()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(complaints).toEqual([]);
  });
});
