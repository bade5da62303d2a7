import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it('a canned reply is found by its shortcut or its words, filled in at the cursor, and sent only when one says so', async () => {
  const { client, demo, receiver } = site.site;
  const replies = `/api/v5/orgs/${demo.organization_id}/canned_replies`;
  for (const [shortcut, message] of [
    ['late', 'Dear {{visitor_name}}, order {{order_id}} is late, sorry. {{agent_name}}'],
    ['hours', 'We are here from 9 to 5.'],
    ['lost', 'Your <b>parcel</b> {{parcel}} is lost.'],
  ]) {
    const made = await client.request('POST', replies, { shortcut, message }, demo.agent.token);
    expect(made.status).toBe(201);
  }
  for (const scheme of ['light', 'dark'] as const) {
    const { page, signIn, faults, complaints } = await site.open({ scheme });
    await signIn(demo.agent);
    await site.write(scheme, 'Where is my order?', `Jane ${scheme}`);
    await page.getByRole('link', { name: new RegExp(`Jane ${scheme}`) }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const field = page.getByLabel('Your answer');
    const list = page.getByRole('listbox', { name: 'Canned replies' });
    await field.fill('Good morning');
    await field.press('Shift+Enter');
    await page.keyboard.type('/l');
    await list.waitFor();
    expect(await list.getByRole('option').allInnerTexts()).toEqual([
      expect.stringContaining('/late'),
      expect.stringContaining('/lost'),
    ]);
    expect(await faults()).toEqual([]);
    await page.keyboard.press('ArrowDown');
    await list.getByRole('option', { name: '/lost', selected: true }).waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await list.waitFor({ state: 'hidden' });
    const filled = `Good morning\nDear Jane ${scheme}, order {{order_id}} is late, sorry. Agent Smith`;
    expect(await field.inputValue()).toBe(filled);
    // The gap is selected, so one writes over it.
    await page.keyboard.type('4711');
    expect(await field.inputValue()).toBe(filled.replace('{{order_id}}', '4711'));

    await field.fill('');
    await page.getByRole('button', { name: 'Replies' }).click();
    await page.keyboard.type('nine');
    await page.getByText('No reply fits “nine”.').waitFor();
    for (let each = 0; each < 4; each++) await page.keyboard.press('Backspace');
    await page.keyboard.type('9 to');
    await list.getByRole('option', { name: '/hours' }).click();
    expect(await field.inputValue()).toBe('We are here from 9 to 5.');
    await field.fill('A text to keep');
    await page.getByRole('button', { name: 'Replies' }).click();
    await page.getByRole('button', { name: 'Save this text as a reply' }).click();
    await page.getByLabel('Shortcut, without the slash').fill(`keep-${scheme === 'dark' ? 1 : 2}`);
    expect(await faults()).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByText(`The reply /keep-${scheme === 'dark' ? 1 : 2} is saved`).waitFor();
    await field.fill('');
    await page.keyboard.type(`/keep-${scheme === 'dark' ? 1 : 2}`);
    await list.getByText('A text to keep').waitFor();
    await field.fill('');
    await page.keyboard.type('/ho');
    await list.waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.type('ur');
    expect(await list.count()).toBe(0);
    await page.keyboard.press('Enter');
    await receiver.waitFor(({ body }) => body.includes('/hour"') && body.includes(`"${scheme}"`));
    expect(complaints).toEqual([]);
  }
});
