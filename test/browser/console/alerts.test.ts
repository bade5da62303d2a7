import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** Counts the sounds that a page makes. */
const COUNT_TONES = `
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) { window.tones += 1; return start.apply(this, when); };
`;

describe('visitors who wait', () => {
  it('are counted in the title, and heard by those who want it and are not away', async () => {
    const { page, context, signIn, complaints } = await site.open();
    await context.grantPermissions(['notifications']);
    await signIn(site.site.demo.agent);
    await page.evaluate(COUNT_TONES);
    const tones = () => page.evaluate('window.tones');
    await site.write('alert one', 'Hello', 'First Person');
    await page.getByRole('link', { name: 'Waiting 1' }).waitFor();
    expect(await page.title()).toBe('(1) UMI');
    expect(await tones()).toBe(0);

    await page.getByRole('button', { name: /Agent Smith/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /Alerts/ }).click();
    await page.keyboard.press('Escape');
    expect(await tones()).toBe(2);
    await site.write('alert two', 'Hello', 'Second Person');
    await page.getByRole('link', { name: 'Waiting 2' }).waitFor();
    await expect.poll(tones).toBe(4);

    await page.getByRole('button', { name: /Agent Smith/ }).click();
    await page.getByRole('menuitem', { name: 'Be away' }).click();
    await page.getByText('Away', { exact: true }).waitFor();
    await site.write('alert three', 'Hello', 'Third Person');
    await page.getByRole('link', { name: 'Waiting 3' }).waitFor();
    expect(await tones()).toBe(4);
    expect(complaints).toEqual([]);
  });

  it('are not heard by those who want to hear of invitations alone, on whatever device they said so', async () => {
    const { client, demo } = site.site;
    const kept = { console: { alerts: ['invitations'] } };
    await client.request('PATCH', `/api/v5/users/${demo.agent.id}/preferences`, kept, demo.agent.token);
    const { page, context, signIn, complaints } = await site.open();
    await context.grantPermissions(['notifications']);
    await signIn(demo.agent);
    await page.evaluate(COUNT_TONES);
    const tones = () => page.evaluate('window.tones');
    await page.getByRole('button', { name: /Agent Smith/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /Alerts/ }).click();
    await page.keyboard.press('Escape');
    expect(await tones()).toBe(2);
    const { chat_id } = await site.write('muted', 'Hello', 'Muted Person');
    await page.getByRole('link', { name: /Muted Person/ }).waitFor();
    expect(await tones()).toBe(2);
    await client.joinChat(demo.agent2, chat_id);
    const path = `/api/v5/users/${demo.agent2.id}/chats/${chat_id}/outgoing_chat_invitations`;
    await client.request('POST', path, { invited_user_id: demo.agent.id }, demo.agent2.token);
    await page.getByRole('link', { name: 'Invitations 1' }).waitFor();
    await expect.poll(tones).toBe(4);
    expect(complaints).toEqual([]);
  });
});

describe('a draft', () => {
  it('is there on another device of the same person, until it is sent', async () => {
    const { client, demo } = site.site;
    const one = await site.open();
    await one.signIn(demo.agent2);
    const { chat_id } = await site.write('draft', 'A question', 'Jane Doe');
    await one.page.getByRole('link', { name: /Jane Doe/ }).click();
    await one.page.getByRole('button', { name: 'Take the chat' }).click();
    await one.page.getByLabel('Your answer').fill('Begun on one device');
    const path = `/api/v5/users/${demo.agent2.id}/chats/${chat_id}/draft`;
    const kept = async () => (await client.request('GET', path, undefined, demo.agent2.token)).status;
    await expect.poll(kept).toBe(200);

    const other = await site.open();
    await other.signIn(demo.agent2);
    await other.page.getByRole('link', { name: /^Mine/ }).click();
    await other.page.getByRole('link', { name: /Jane Doe/ }).click();
    const field = other.page.getByLabel('Your answer');
    await expect.poll(() => field.inputValue()).toBe('Begun on one device');
    await field.fill('Begun on one device, sent from the other');
    await other.page.keyboard.press('Enter');
    await expect.poll(kept).toBe(404);
    expect([...one.complaints, ...other.complaints]).toEqual([]);
  });

  it('is gone once it is sent, however long the hub takes to store it', async () => {
    const { demo, client } = site.site;
    const { page, signIn } = await site.open();
    await signIn(demo.agent2);
    const { chat_id } = await site.write('slow draft', 'A question', 'Slow Draft');
    await page.getByRole('link', { name: /Slow Draft/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const path = `/api/v5/users/${demo.agent2.id}/chats/${chat_id}/draft`;
    const order: string[] = [];
    await page.route(`**${path}`, async (route) => {
      const method = route.request().method();
      if (method === 'PUT') await new Promise((resolve) => setTimeout(resolve, 1_500));
      const response = await route.fetch();
      order.push(`${method} ${response.status()}`);
      await route.fulfill({ response });
    });
    const asked = page.waitForRequest((request) => request.method() === 'PUT' && request.url().endsWith('/draft'));
    await page.getByLabel('Your answer').fill('A whole answer');
    await asked;
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => order).toEqual(['PUT 200', 'DELETE 204']);
    expect((await client.request('GET', path, undefined, demo.agent2.token)).status).toBe(404);
  });
});
