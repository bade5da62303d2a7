import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the page to sign in', () => {
  it('refuses an unknown token in words, and lets in with a known one, without giving it to scripts', async () => {
    const { page, complaints, signIn } = await site.open();
    await page.getByLabel('Access token').fill('umi_unknown');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('This token is not known').waitFor();

    const { agent } = site.site.demo;
    await signIn(agent);
    expect(page.url()).toBe(`${site.site.hub.url}/console/inbox/waiting`);
    await page.getByRole('button', { name: 'Agent Smith Available' }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain(agent.token);
    expect(kept).not.toContain('umi_');

    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is there again after signing out, and the session is worth nothing', async () => {
    const { page, complaints, context, signIn } = await site.open();
    await signIn(site.site.demo.agent2);
    const cookies = await context.cookies();
    await page.getByRole('button', { name: 'Agent Jones Available' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();
    expect(await context.cookies()).toEqual([]);
    await context.addCookies(cookies);
    const answer = await page.evaluate("fetch('/api/v5/session').then(({ status }) => status)");
    expect(answer).toBe(401);
    expect(complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has no fault of accessibility (%s)', async (scheme) => {
    const { page, faults } = await site.open({ scheme });
    await page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Access token').fill('umi_unknown');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await faults()).toEqual([]);
  });
});
