import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** What the tab keeps for its next page. */
const keptBy = (page: Page) => page.evaluate('Object.values(sessionStorage).join()') as Promise<string>;

describe('a page that is loaded again', () => {
  it('shows its list at once though the hub says no more than who is signed in, and follows the hub afterwards', async () => {
    const { page, signIn, complaints } = await site.open();
    await signIn(site.site.demo.agent);
    await site.write('again one', 'Where is my order?', 'Jane Doe');
    const row = page.getByRole('link', { name: /Jane Doe/ });
    await row.getByText('Where is my order?').waitFor();
    await page.getByRole('link', { name: 'Waiting 1' }).waitFor();

    let isPaused = true;
    const paused: (() => Promise<void>)[] = [];
    await page.route(/\/api\/v5\/users\//, async (route) => {
      if (isPaused) paused.push(() => route.continue());
      else await route.continue();
    });
    await page.reload();
    await row.getByText('Where is my order?').waitFor();
    await page.getByRole('link', { name: 'Waiting 1' }).waitFor();
    // It is taken from the tab, so that nothing of it stays there.
    expect(await keptBy(page)).not.toContain('Where is my order?');
    await site.write('again two', 'A second question', 'Omar K.');
    isPaused = false;
    for (const go of paused) await go();
    await page.getByRole('link', { name: /Omar K\./ }).waitFor();
    await page.getByRole('link', { name: 'Waiting 2' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('finds nothing of who has signed out, in this tab or in another one', async () => {
    const { page, context, signIn } = await site.open();
    await signIn(site.site.demo.agent2);
    await page.getByRole('link', { name: /Jane Doe/ }).waitFor();
    await page.evaluate(
      `addEventListener('pagehide', () => { localStorage.left = Object.keys(sessionStorage).join(); })`,
    );
    await page.reload();
    await page.getByRole('link', { name: /Jane Doe/ }).waitFor();
    // Only so that it is known that a page leaves something.
    expect(await page.evaluate('localStorage.left')).toContain('umi.copy');

    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByRole('link', { name: /Jane Doe/ }).waitFor();
    await page.getByRole('button', { name: /Agent Jones/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    for (const each of [page, other]) {
      if (each === other) await other.reload();
      await each.getByLabel('Access token').waitFor();
      await each.reload();
      await each.getByLabel('Access token').waitFor();
      expect(await keptBy(each)).not.toContain('Jane Doe');
      expect(await each.evaluate(`sessionStorage.getItem('umi.copy')`)).toBeNull();
    }
  });
});
