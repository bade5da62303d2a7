import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
  await site.write('layout', `A long word: ${'x'.repeat(400)}`, `Somebody with a very long name ${'y'.repeat(80)}`);
});
afterAll(() => site?.stop());

/** What of the page of a record or a dialog is wider than the place that it has. Fields scroll by themselves. */
const TOO_WIDE = `[document.documentElement, ...document.querySelectorAll(':is(.record-page, .dialog), :is(.record-page, .dialog) *')]
  .filter((element) => !element.matches('input, textarea, select, thead, thead *, .hidden-text, .code'))
  .filter((element) => getComputedStyle(element).display !== 'inline' && element.scrollWidth > element.clientWidth + 1)
  .map(({ tagName, className, scrollWidth, clientWidth }) => tagName + '.' + className + ' ' + scrollWidth + ' > ' + clientWidth)`;

describe('the console on screens of all sizes', () => {
  it.each([
    ['a telephone', 390, 780, 'light'],
    ['a telephone', 390, 780, 'dark'],
    ['a tablet', 820, 1180, 'light'],
    // A window of 1280 pixels with text at 200 %.
    ['a window with large text', 640, 360, 'light'],
  ] as const)('shows list and chat on %s (%i × %i, %s) and cuts nothing off', async (_, width, height, scheme) => {
    const { page, signIn, faults, complaints } = await site.open({ width, height, scheme });
    await signIn(site.site.demo.agent);
    const widthOf = () => page.evaluate('document.documentElement.scrollWidth');
    const row = page.getByRole('link', { name: /Somebody with a very long name/ });
    await row.waitFor();
    expect(await widthOf()).toBe(width);
    expect(await faults()).toEqual([]);
    await row.click();
    await page.getByRole('log').getByText('A long word').waitFor();
    expect(await widthOf()).toBe(width);
    await page.getByRole('button', { name: 'About the visitor' }).click();
    await page.getByText('Nobody answers this chat.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'About the visitor' }).click();
    if (width < 760) {
      await page.getByRole('button', { name: 'Back to the list' }).click();
      await row.waitFor();
    }
    expect(complaints).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)('keeps a notice apart from all else, until one goes to another page (%s, %i)', async (scheme, width) => {
    const { page, signIn, faults, complaints } = await site.open({ scheme, width });
    await site.write(`notice ${scheme}`, 'Hello', 'Nora Noticed');
    await signIn(site.site.demo.agent);
    await page.getByRole('link', { name: /Nora Noticed/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByRole('button', { name: /^Close/ }).click();
    const notice = page.getByRole('status').filter({ hasText: 'The chat with Nora Noticed is closed.' });
    await notice.waitFor();
    const [{ y = 0 } = {}, frame] = [(await notice.boundingBox()) ?? {}, await page.locator('.shell').boundingBox()];
    expect(y).toBeGreaterThanOrEqual((frame?.y ?? 0) + (frame?.height ?? 0));
    expect(await faults()).toEqual([]);
    if (width < 760) await page.getByRole('button', { name: 'Back to the list' }).click();
    else await page.getByRole('link', { name: 'Settings' }).click();
    await notice.waitFor({ state: 'hidden', timeout: 5_000 });
    expect(complaints).toEqual([]);
  });

  it('closes the panel over the chat in a window that is made narrow', async () => {
    const { page, signIn, complaints } = await site.open();
    await signIn(site.site.demo.agent);
    await page.getByRole('link', { name: /Somebody with a very long name/ }).click();
    await page.getByText('Nobody answers this chat.').waitFor();
    await page.setViewportSize({ width: 390, height: 780 });
    await page.getByText('Nobody answers this chat.').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Take the chat' }).click({ trial: true });
    expect(complaints).toEqual([]);
  });

  it('cuts nothing off in a browser whose text is set to twice the size', async () => {
    const { page, context, signIn, faults, complaints } = await site.open();
    const session = await context.newCDPSession(page);
    await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
    await page.reload();
    await signIn(site.site.demo.agent2);
    const row = page.getByRole('link', { name: /Somebody with a very long name/ });
    await row.waitFor();
    expect(await row.evaluate((link) => link.scrollHeight - link.clientHeight)).toBeLessThanOrEqual(0);
    expect(await faults()).toEqual([]);
    await row.click();
    await page.getByRole('log').getByText('A long word').click({ trial: true });
    expect(complaints).toEqual([]);
  });

  it('breaks a long name in chats, menus, dialogs and pages of the settings on a telephone', async () => {
    const { page, signIn, complaints } = await site.open({ width: 390, height: 780 });
    const { client, demo, hub } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const long = 'W'.repeat(100);
    const user = { first_name: 'W'.repeat(30), last_name: 'W'.repeat(60), email: 'w@example.com' };
    expect((await client.request('POST', `${organization}/rooms`, { name: long })).status).toBe(201);
    const made = await client.request('POST', `${organization}/users`, user);
    expect(made.status).toBe(201);
    await site.write('wide', long, long);
    await signIn({ token: demo.settings_token });
    const widthOf = () => page.evaluate('document.documentElement.scrollWidth');
    await page.getByRole('link', { name: /^W{100}/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').waitFor();
    const name = page.locator('.message-name').first();
    expect((await name.boundingBox())?.width).toBeLessThanOrEqual(390);
    await page.getByRole('button', { name: 'About the visitor' }).click();
    await page.getByRole('button', { name: 'Hand over' }).click();
    await page.getByRole('menuitem', { name: /WWW/ }).waitFor();
    expect(await widthOf()).toBe(390);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'About the visitor' }).click();
    await page.getByRole('button', { name: /^Close/ }).click();
    await page.getByRole('button', { name: /^Open a new chat with/ }).waitFor();
    expect(await widthOf()).toBe(390);
    await page.goto(`${hub.url}/console/settings/users/${(made.body as { id: string }).id}`);
    await page.getByRole('button', { name: 'Delete the user' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.waitFor();
    expect(await dialog.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
    await page.goto(`${hub.url}/console/settings/routers`);
    await page.getByText(/^Rooms without a router: /).waitFor();
    const main = page.locator('.settings-main');
    expect(await main.evaluate((each) => each.scrollWidth - each.clientWidth)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('has room in the settings for the longest names, on a telephone with text at 200 %', async () => {
    const { client, demo, hub } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const post = async (path: string, body: object) => {
      const made = await client.request('POST', `${organization}${path}`, body);
      expect(made.status).toBe(201);
      return (made.body as { id: string }).id;
    };
    const [name, last_name] = ['W'.repeat(255), 'M'.repeat(255)];
    const user = await post('/users', { first_name: name, last_name, is_bot: false });
    const room = await post('/rooms', { name });
    const router = await post('/routers', { name, room_ids: [room], targets: [{ kind: 'user', id: user }] });
    const admin = `/admin/v1/organizations/${demo.organization_id}/users/${demo.settings_user_id}/tokens`;
    const token = await client.request('POST', admin, { scopes: ['settings', 'users'] }, demo.admin_token);

    const { page, context, signIn, faults, complaints } = await site.open({ width: 360, height: 800 });
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 29 } });
    await signIn(token.body as { token: string });
    for (const path of ['audit-log', 'usage', `users/${user}`, `rooms/${room}`, `routers/${router}`]) {
      await page.goto(`${hub.url}/console/settings/${path}`);
      await page.locator('.records td, .record-form').first().waitFor();
      expect([path, await page.evaluate(TOO_WIDE)]).toEqual([path, []]);
    }
    // The views are a line that is longer than the screen: the one that is shown is in view.
    const end = async (selector: string) => {
      const box = await page.locator(selector).boundingBox();
      return (box?.x ?? 0) + (box?.width ?? 0);
    };
    await page.locator('.nav-count').first().waitFor({ state: 'attached' });
    await expect.poll(async () => (await end('.nav-more a[aria-current]')) - (await end('.nav-lists'))).toBeLessThan(1);
    await page.goto(`${hub.url}/console/settings/rooms/${room}`);
    await page.getByRole('button', { name: 'New greeting' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(TOO_WIDE)).toEqual([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete the room' }).click();
    const cancel = page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' });
    await cancel.waitFor();
    expect(await page.evaluate(TOO_WIDE)).toEqual([]);
    expect((await page.getByRole('alertdialog').getByRole('heading').boundingBox())?.y).toBeGreaterThanOrEqual(0);
    expect(await faults()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
