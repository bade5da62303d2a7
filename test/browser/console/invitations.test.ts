import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** Jones takes a chat of a visitor, and invites somebody to it. */
async function invited(thread: string, name: string, invitee: Record<string, string>): Promise<string> {
  const { client, demo } = site.site;
  const { chat_id } = await site.write(thread, `A question of ${name}`, name);
  await client.joinChat(demo.agent2, chat_id);
  const path = `/api/v5/users/${demo.agent2.id}/chats/${chat_id}/outgoing_chat_invitations`;
  const sent = await client.request('POST', path, invitee, demo.agent2.token);
  expect(sent.status).toBe(201);
  return chat_id;
}

describe('invitations to chats', () => {
  it.each(['light', 'dark'] as const)('appear by themselves, and are accepted or declined (%s)', async (scheme) => {
    const { demo, client } = site.site;
    const { page, signIn, faults, complaints } = await site.open({ scheme });
    await signIn(demo.agent);
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByText('Nobody invites you to a chat.').waitFor();
    expect(await faults()).toEqual([]);

    const first = await invited(`first ${scheme}`, 'Maria Silva', { invited_user_id: demo.agent.id });
    await page.getByRole('link', { name: 'Invitations 1' }).waitFor();
    expect(await page.title()).toMatch(/^\(\d+\) UMI$/);
    const row = page.locator('.invitation', { hasText: 'invites you to the chat of Maria Silva' });
    await row.getByText('Agent Jones').waitFor();
    // The chat reaches Smith in any case, so they may look before they answer.
    await row.getByRole('link').click();
    await page.getByRole('log').getByText('A question of Maria Silva').waitFor();
    await expect.poll(() => page.url()).toContain(`/console/inbox/invitations/${first}`);
    expect(await faults()).toEqual([]);
    await row.getByRole('button', { name: 'Accept' }).click();
    await page.getByLabel('Your answer').waitFor();
    await expect.poll(() => page.url()).toContain(`/console/inbox/mine/${first}`);
    await page.getByRole('link', { name: 'Invitations', exact: true }).waitFor();

    const second = await invited(`second ${scheme}`, 'Omar Khan', { invited_user_id: demo.agent.id });
    await page.getByRole('link', { name: 'Invitations 1' }).click();
    await page.getByRole('button', { name: 'Decline' }).click();
    await page.getByText('Nobody invites you to a chat.').waitFor();
    const path = `/api/v5/users/${demo.agent2.id}/chats/${second}/outgoing_chat_invitations`;
    const sent = await client.request('GET', path, undefined, demo.agent2.token);
    expect(sent.body).toMatchObject({ results: [{ is_expired: true, is_accepted: false }] });
    expect(complaints).toEqual([]);
  });
});
