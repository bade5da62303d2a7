import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** What Chromium reports of a refusal that the test has made. */
const refused = (status: number) => new RegExp(`^error: Failed to load resource: .*status of ${status}`);

describe('a row that has left the view', () => {
  it('keeps its place under the pointer, and fades after three seconds', async () => {
    const { client, demo } = site.site;
    const { page, signIn, faults, complaints } = await site.open();
    await signIn(demo.agent);
    await site.write('leaves', 'I shall be taken', 'Leaving Person');
    await site.write('stays', 'I wait', 'Staying Person');
    const stays = page.locator('.list-link', { hasText: 'Staying Person' });
    await stays.hover();
    const place = await stays.boundingBox();
    await client.closeSession(site.channel.id, 'leaves');
    const left = page.locator('.list-link', { hasText: 'Leaving Person' });
    await left.locator('.has-left').waitFor();
    expect(await left.isVisible()).toBe(true);
    expect(await faults()).toEqual([]);
    await left.waitFor({ state: 'hidden' });
    expect((await stays.boundingBox())?.y).toBe(place?.y);
    await page.mouse.move(1_000, 400);
    await left.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });
});

describe('presence', () => {
  it('says when the hub does not hear it, tries again soon, and says when it does', async () => {
    const { page, signIn, faults, complaints } = await site.open({ scheme: 'dark' });
    await page.route('**/clients', (route) => route.fulfill({ status: 503, body: '{"detail": "Try again."}' }));
    await signIn(site.site.demo.agent);
    await page.getByText('Not heard: perhaps away').waitFor();
    expect(await faults()).toEqual([]);
    await page.unroute('**/clients');
    await page.getByText('Available', { exact: true }).waitFor();
    expect(complaints.filter((line) => !refused(503).test(line))).toEqual([]);
  });
});

describe('a new version', () => {
  it('is offered after a break, and loaded by its button alone', async () => {
    const { page, context, signIn, faults, complaints, expectFailures } = await site.open();
    await signIn(site.site.demo.agent);
    await page.evaluate('window.isSamePage = true');
    const goesAndComesBack = async () => {
      await context.setOffline(true);
      await page.getByText(/^Offline since/).waitFor();
      await context.setOffline(false);
      await page.getByText('Live', { exact: true }).waitFor();
    };
    expectFailures();
    const asked = page.waitForResponse((response) => response.url().endsWith('/console/'));
    await goesAndComesBack();
    await (await asked).finished();
    expect(await page.getByText('A new version is here.').count()).toBe(0);

    await page.route('**/console/', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<script src="/console/assets/newer.js">' }),
    );
    expectFailures();
    await goesAndComesBack();
    await page.getByText('A new version is here.').waitFor();
    expect(await page.evaluate('window.isSamePage')).toBe(true);
    expect(await faults()).toEqual([]);
    await page.unroute('**/console/');
    await page.getByRole('button', { name: 'Load it' }).click();
    await page.waitForFunction('window.isSamePage === undefined');
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText('A new version is here.').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

describe('what the hub refuses', () => {
  it('is said in its words, with a button to try again, and the rows stay', async () => {
    const { demo } = site.site;
    const { page, signIn, faults, complaints } = await site.open();
    await page.route('**/inbox?*', (route) =>
      route.fulfill({ status: 403, body: '{"detail": "The organization has no active subscription."}' }),
    );
    await signIn(demo.agent2);
    const problem = page.getByRole('alert').getByText('The organization has no active subscription.');
    await problem.waitFor();
    expect(await faults()).toEqual([]);
    await page.unroute('**/inbox?*');
    await site.write('refused', 'I am here', 'Patient Person');
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('link', { name: /Patient Person/ }).waitFor();
    await problem.waitFor({ state: 'hidden' });
    expect(complaints.filter((line) => !refused(403).test(line))).toEqual([]);
  });

  it('a chat that is not theirs to see says so', async () => {
    const { page, signIn, faults, complaints } = await site.open();
    await signIn(site.site.demo.agent2);
    await page.goto(`${site.site.hub.url}/console/inbox/open/0190a000-0000-7000-8000-00000000dead`);
    await page.getByText('This chat is no longer yours to see.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page.getByRole('heading', { name: 'All open' }).waitFor();
    expect(complaints.filter((line) => !refused(404).test(line))).toEqual([]);
  });
});
