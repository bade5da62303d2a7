import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the settings of rooms', () => {
  it('plan when a room is open and how long its chats live, and keep its tags and greetings', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    const { client, demo } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const path = `${organization}/rooms/${demo.room_id}`;
    const saved = async () => (await client.request('GET', path)).body;
    const save = async () => {
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved', { exact: true }).waitFor();
    };
    const router = {
      name: 'Support goes to Smith',
      targets: [{ kind: 'user', id: demo.agent.id }],
      room_ids: [demo.room_id],
    };
    expect((await client.request('POST', `${organization}/routers`, router)).status).toBe(201);
    await signIn({ token: demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/rooms/${demo.room_id}`);
    await page.getByRole('link', { name: 'Channel of a test' }).waitFor();
    await page.getByRole('link', { name: 'Support goes to Smith' }).waitFor();
    expect(await faults()).toEqual([]);

    await page.getByLabel('Open', { exact: true }).selectOption('At service hours');
    await page.getByLabel('Time zone').selectOption('Europe/Helsinki');
    await page.getByRole('button', { name: 'Add hours on Monday' }).click();
    await page.getByLabel('Monday, 1: until').fill('12:00');
    await page.getByLabel('Monday, 2: from').fill('11:00');
    await page.getByLabel('Monday, 2: until').fill('11:00');
    await page.getByText('The end must be later than the start.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').or(page.locator('.service-hours > .form-problem')).first().waitFor();
    await page.getByLabel('Monday, 2: from').fill('13:00');
    await page.getByLabel('Monday, 2: until').fill('18:30');
    await page.getByRole('button', { name: 'Tuesday to Friday like Monday' }).click();
    await page.getByRole('button', { name: 'Remove Friday, 2' }).click();
    await page.getByRole('button', { name: 'Add hours on Sunday' }).click();
    await page.getByLabel('Sunday: until').fill('00:00');
    await save();
    const plan = (await saved()) as { service_hours: { time_zone: string; hours: { day: string }[] } };
    expect(plan.service_hours.time_zone).toBe('Europe/Helsinki');
    expect(plan.service_hours.hours.filter(({ day }) => ['monday', 'friday', 'sunday'].includes(day))).toEqual([
      { day: 'monday', from: '09:00', to: '12:00' },
      { day: 'monday', from: '13:00', to: '18:30' },
      { day: 'friday', from: '09:00', to: '12:00' },
      { day: 'sunday', from: '09:00', to: '24:00' },
    ]);
    await page.getByLabel('Open', { exact: true }).selectOption('Never: it is closed');
    await save();
    expect(await saved()).toMatchObject({ service_hours: null, is_open: false });

    const idle = page.getByLabel('Chats of visitors end when nobody has written for', { exact: true });
    expect(await idle.inputValue()).toBe('1');
    await idle.fill('3');
    await page.getByLabel('Chats of visitors end when nobody has written for: unit').selectOption('days');
    await page.getByLabel('Tasks end after', { exact: true }).fill('');
    await page.getByLabel('Keys of encrypted chats are forgotten after (days)').fill('30');
    await save();
    const lifetimes = { visitor_chat_idle_ttl: 259_200, task_chat_ttl: null, chat_key_ttl_days: 30 };
    expect(await saved()).toMatchObject(lifetimes);

    await page.getByLabel('New tag').fill('..');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.locator('.form-problem').waitFor();
    await page.getByLabel('New tag').fill('refund / cash');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Remove refund / cash' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Remove refund / cash' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Remove refund / cash' }).count()).toBe(0);

    await page.getByRole('button', { name: 'New greeting' }).click();
    await page.getByRole('textbox', { name: 'Page' }).fill('shop.example.com');
    await page.getByLabel('By', { exact: true }).selectOption('Agent Smith');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('Enter a URL, in which * stands for any text.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('textbox', { name: 'Page' }).fill('https://shop.example.com/cart*');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('cell', { name: 'https://shop.example.com/cart*', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Edit https://shop.example.com/cart*' }).click();
    await page.getByLabel('After (seconds on the page)').fill('45');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: '45 s' }).waitFor();
    await page.getByRole('button', { name: 'Delete https://shop.example.com/cart*' }).click();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect.poll(() => page.getByRole('cell', { name: '45 s' }).count()).toBe(0);

    // A room that channels use stays, and the answer names them.
    await page.getByRole('button', { name: 'Delete the room' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('alert').getByText('Channel of a test').waitFor();
    expect(complaints.filter((each) => !/40[09]/.test(each))).toEqual([]);
  });

  it('are clear in the dark and on a phone', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark', width: 390, height: 800 });
    await signIn({ token: site.site.demo.settings_token });
    await page.goto(`${site.site.hub.url}/console/settings/rooms/${site.site.demo.room_id}`);
    await page.getByLabel('Open', { exact: true }).selectOption('At service hours');
    await page.getByRole('button', { name: 'Add hours on Monday' }).click();
    expect(await faults()).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(complaints).toEqual([]);
  });
});
