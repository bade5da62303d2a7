import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

const PATIENT = { timeout: 15_000 };

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it.each(['light', 'dark'] as const)(
  'beside a chat those who look after the settings erase its visitor, and others cannot (%s)',
  async (scheme) => {
    const { demo, client } = site.site;
    const { chat_id } = await site.write(scheme, 'Forget me, please', `Jane ${scheme}`);
    const open = async (token: string) => {
      const view = await site.open({ scheme });
      await view.signIn({ token });
      await view.page.getByRole('link', { name: new RegExp(`Jane ${scheme}`) }).click();
      return { ...view, panel: view.page.getByRole('complementary', { name: 'Visitor' }) };
    };
    const agent = await open(demo.agent.token);
    await agent.panel.getByRole('heading', { name: 'Tags' }).waitFor();
    expect(await agent.panel.getByRole('button', { name: 'Erase the visitor' }).count()).toBe(0);
    const { page, panel, faults, complaints } = await open(demo.settings_token);
    await panel.getByRole('button', { name: 'Erase the visitor' }).click();
    await page.getByRole('alertdialog').getByText('Nobody can bring them back.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Erase for ever' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'hidden' });
    const messages = `/api/v5/orgs/${demo.organization_id}/owned_chats/${chat_id}/messages`;
    await expect
      .poll(async () => {
        const { body } = await client.request('GET', messages);
        return (body as { results: { message: string | null }[] }).results.map(({ message }) => message);
      }, PATIENT)
      .toEqual([null]);
    // The panel may ask for the variables of a visitor who is gone by then.
    const others = [...complaints, ...agent.complaints].filter((each) => !/ 404 .*\/variables\b/.test(each));
    expect(others).toEqual([]);
  },
);
