import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('room and order', () => {
  it('are chosen in the list, survive a reload, and are there on another device', async () => {
    const { client, demo, receiver } = site.site;
    const made = await client.request('POST', `/api/v5/orgs/${demo.organization_id}/rooms`, { name: 'Returns' });
    expect(made.status).toBe(201);
    const { id: room_id } = made.body as { id: string };
    const channel = await client.registerChannel(receiver.url, { room_id, name: 'Mail of returns' });
    await site.write('in the first room', 'Where is my order?', 'First Person');
    await client.sendMessages(
      channel.id,
      [{ body: 'It does not fit', thread_id: 'r', sender_id: 'r@example.com', message_id: 'r' }],
      { variables: { username: 'Second Person' } },
    );

    const one = await site.open();
    await one.signIn(demo.agent);
    const first = one.page.getByRole('link', { name: /First Person/ });
    const second = one.page.getByRole('link', { name: /Second Person/ });
    await one.page.getByRole('link', { name: 'Waiting 2' }).waitFor();
    await one.page.getByLabel('Room').selectOption({ label: 'Returns' });
    await second.waitFor();
    await first.waitFor({ state: 'hidden' });
    await one.page.getByRole('link', { name: 'Waiting 1' }).waitFor();
    await one.page.getByRole('link', { name: 'All open 1' }).waitFor();
    expect(await one.faults()).toEqual([]);
    const path = `/api/v5/users/${demo.agent.id}/preferences`;
    await one.page.getByLabel('Order').selectOption({ label: 'Newest chat first' });
    const kept = async () => (await client.request('GET', path, undefined, demo.agent.token)).body;
    await expect.poll(kept).toMatchObject({ console: { room_id, orders: { waiting: 'created' } } });
    await one.page.reload();
    await second.waitFor();
    await expect.poll(() => one.page.url()).toContain(`room=${room_id}`);
    expect([await first.count(), await one.page.getByLabel('Order').inputValue()]).toEqual([0, 'created']);

    const other = await site.open();
    await other.signIn(demo.agent);
    await other.page.getByRole('link', { name: /Second Person/ }).waitFor();
    expect(await other.page.getByRole('link', { name: /First Person/ }).count()).toBe(0);
    expect(await other.page.getByLabel('Order').inputValue()).toBe('created');
    await other.page.getByLabel('Room').selectOption({ label: 'All rooms' });
    await other.page.getByRole('link', { name: /First Person/ }).waitFor();
    await other.page.getByRole('link', { name: 'Waiting 2' }).waitFor();
    expect([...one.complaints, ...other.complaints]).toEqual([]);
  });
});

describe('my profile', () => {
  it.each(['light', 'dark'] as const)('changes one’s name and how the console behaves (%s)', async (scheme) => {
    const { client, demo } = site.site;
    const { page, signIn, faults, complaints } = await site.open({ scheme });
    await signIn(demo.agent2);
    await page.getByRole('button', { name: /Agent Jones/ }).click();
    await page.getByRole('menuitem', { name: 'My profile' }).click();
    await page.getByRole('heading', { name: 'My profile' }).waitFor();
    const alias = page.getByLabel('Name for visitors');
    await alias.fill(`Jo ${scheme}`);
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.getByText('Saved', { exact: true }).first().waitFor();
    const account = await client.request('GET', '/api/v5/users/me', undefined, demo.agent2.token);
    expect(account.body).toMatchObject({ alias: `Jo ${scheme}` });
    expect(await faults()).toEqual([]);

    await page.getByLabel('Enter sends').uncheck();
    await page.getByLabel('A visitor writes in one of my chats').check();
    const path = `/api/v5/users/${demo.agent2.id}/preferences`;
    const kept = async () => (await client.request('GET', path, undefined, demo.agent2.token)).body;
    await expect
      .poll(kept)
      .toMatchObject({ console: { enter_sends: false, alerts: expect.arrayContaining(['waiting', 'mine']) } });
    const { chat_id } = await site.write(`enter ${scheme}`, 'A question', `Li Wei ${scheme}`);
    await page.goto(`${site.site.hub.url}/console/inbox/waiting/${chat_id}`);
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const field = page.getByLabel('Your answer');
    await field.fill('One line');
    await field.press('Enter');
    await page.keyboard.type('and another');
    expect(await field.inputValue()).toBe('One line\nand another');
    await field.press('Control+Enter');
    await page.getByRole('log').getByText('and another').waitFor();
    await client.request('PATCH', path, { console: {} }, demo.agent2.token);
    expect(complaints).toEqual([]);
  });

  it('shows where one is signed in, and ends it there and here, without the right to look after users', async () => {
    const { page, signIn, faults, complaints } = await site.open({ width: 390, height: 800 });
    const other = await site.open();
    await other.signIn(site.site.demo.agent2);
    await signIn(site.site.demo.agent2);
    await page.goto(`${site.site.hub.url}/console/settings/profile`);
    const rows = page.getByRole('region', { name: 'Where you are signed in' }).getByRole('row');
    const here = rows.filter({ hasText: 'this browser' });
    await here.getByText(/^Chrome on /).waitFor();
    const before = await rows.count();
    expect(await faults()).toEqual([]);
    // By id, so the newest but one is the other browser.
    await rows.nth(-2).getByRole('button', { name: 'End' }).click();
    await page.getByRole('alertdialog').getByText('The browser is signed out within half a minute.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'End it' }).click();
    await expect.poll(() => rows.count()).toBe(before - 1);
    other.expectFailures();
    await other.page.reload();
    await other.page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();

    await here.getByRole('button', { name: 'End' }).click();
    await page.getByText('It is the session of this browser').waitFor();
    expect(complaints).toEqual([]);
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByText('Your session has ended.').waitFor();
    expect(other.complaints).toEqual([]);
  });
});
