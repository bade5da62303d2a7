import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const PATIENT = { timeout: 15_000 };

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it.each(['light', 'dark'] as const)(
  'beside a chat one changes what is known of the visitor, and asks colleagues to join (%s)',
  async (scheme) => {
    const { client, demo } = site.site;
    const { page, context, signIn, faults, complaints } = await site.open({ scheme });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(demo.agent);
    const { chat_id } = await site.write(scheme, 'Where is my order?', `Jane ${scheme}`);
    await page.getByRole('link', { name: new RegExp(`Jane ${scheme}`) }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const panel = page.getByRole('complementary', { name: 'Visitor' });

    await panel.getByRole('button', { name: 'Add a variable' }).click();
    await page.getByLabel('Name of the variable').fill('order_id');
    await page.getByLabel('Its value').fill('4711 <b>');
    expect(await faults()).toEqual([]);
    await page.keyboard.press('Enter');
    await panel.getByText('4711 <b>').waitFor();
    expect(await panel.locator('dl b').count()).toBe(0);
    await panel.getByRole('button', { name: 'Change order_id' }).click();
    await page.getByLabel('order_id', { exact: true }).fill('4712');
    await page.keyboard.press('Enter');
    await panel.getByText('4712').waitFor();
    await panel.getByRole('button', { name: 'Change order_id' }).click();
    await panel.getByRole('button', { name: 'Delete' }).click();
    await panel.getByText('4712').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await panel.getByText('4712').waitFor();
    // What the hub refuses is said at the field, and Esc leaves everything as it was.
    await panel.getByRole('button', { name: 'Change the name' }).click();
    await page.getByLabel('Name of the visitor').fill(' ');
    await page.keyboard.press('Enter');
    await panel.getByRole('alert').waitFor();
    await page.getByLabel('Name of the visitor').fill(`Janet ${scheme}`);
    await page.keyboard.press('Enter');
    await panel.getByRole('heading', { name: `Janet ${scheme}` }).waitFor();
    await page.getByRole('log').focus();

    await panel.getByRole('button', { name: 'Copy the thread' }).click();
    await panel.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(scheme);
    await panel.getByText(`${scheme}@example.com`).waitFor();

    const invited = panel.getByRole('listitem').filter({ hasText: 'invited' });
    const invitations = async () => {
      const path = `/api/v5/users/${demo.agent2.id}/incoming_chat_invitations?is_expired=false`;
      const { body } = await client.request('GET', path, undefined, demo.agent2.token);
      return (body as { results: { chat_id: string }[] }).results.filter((each) => each.chat_id === chat_id).length;
    };
    await panel.getByRole('button', { name: 'Invite' }).click();
    await page.getByRole('menuitem', { name: /Agent Jones/ }).click();
    await invited.getByText('Agent Jones').waitFor();
    await expect.poll(invitations, PATIENT).toBe(1);
    expect(await faults()).toEqual([]);
    await panel.getByRole('button', { name: 'Take back the invitation of Agent Jones' }).click();
    await invited.waitFor({ state: 'hidden' });
    await expect.poll(invitations, PATIENT).toBe(0);

    // The chats before this one.
    await panel.getByText('There are no other chats.').waitFor();
    await page
      .getByRole('button', { name: /^Close/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^Open a new chat with/ }).click();
    await page.getByLabel('Your answer').waitFor();
    await panel.getByRole('button', { name: /1 message/ }).click();
    await page.getByText('This chat has ended.').waitFor();
    await panel.getByText('4712').waitFor();
    // A refused name is the one thing of which the browser writes to its console.
    expect(complaints.filter((each) => !each.includes('400'))).toEqual([]);
  },
);
