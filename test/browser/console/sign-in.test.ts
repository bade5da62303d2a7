import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

/** What browsers write of each refusal; none can be kept out of their console. */
const REFUSED = expect.stringMatching(/^error: Failed to load resource: .* status of 401 .*\/api\/v5\/session$/);

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
    await expect.poll(() => page.url()).toBe(`${site.site.hub.url}/console/inbox/waiting`);
    await page.getByRole('button', { name: 'Agent Smith Available' }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain(agent.token);
    expect(kept).not.toContain('umi_');

    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    // Of the unknown token, and of nothing else.
    expect(complaints).toEqual([REFUSED]);
  });

  it('is there again after signing out, and the session is worth nothing', async () => {
    const { page, complaints, context, signIn } = await site.open();
    await signIn(site.site.demo.agent2);
    await site.write('left open', 'Do you answer?', 'Open Chat');
    await page.getByRole('link', { name: /Open Chat/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').fill('Half of an');
    const cookies = await context.cookies();
    await page.getByRole('button', { name: 'Agent Jones Available' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();
    expect(await context.cookies()).toEqual([]);
    await context.addCookies(cookies);
    const answer = await page.evaluate("fetch('/api/v5/session').then(({ status }) => status)");
    expect(answer).toBe(401);
    // Only that question: the page itself has asked nothing in vain, and has told what it had to tell before.
    expect(complaints).toEqual([REFUSED]);
  });

  it('is not there when the hub was not told of the sign-out, since the session still works', async () => {
    const { page, signIn } = await site.open();
    await signIn(site.site.demo.agent2);
    await page.route('**/api/v5/session', (route) =>
      route.request().method() === 'DELETE' ? route.abort() : route.continue(),
    );
    const leave = async () => {
      await page.getByRole('button', { name: /^Agent Jones/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
    };
    await leave();
    await page.getByRole('alert').getByText('You are still signed in.').waitFor();
    expect(await page.getByRole('heading', { name: 'Sign in to UMI' }).count()).toBe(0);
    await page.unroute('**/api/v5/session');
    await leave();
    await page.getByRole('heading', { name: 'Sign in to UMI' }).waitFor();
  });

  it('of somebody else in another tab makes the page theirs, and what was begun stays with who wrote it', async () => {
    const { demo } = site.site;
    const { page, context, complaints, signIn } = await site.open();
    await signIn(demo.agent);
    await site.write('two-tabs', 'A question', 'Ann Other');
    await page.getByRole('link', { name: /Ann Other/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').fill('Begun by Smith');

    const second = await context.newPage();
    // Another tab with the same cookie, whose page has signed somebody else in.
    await second.goto(`${site.site.hub.url}/console`);
    await second.getByRole('button', { name: 'Agent Smith Available' }).click();
    await second.getByRole('menuitem', { name: 'Sign out' }).click();
    await second.getByLabel('Access token').fill(demo.agent2.token);
    await second.getByRole('button', { name: 'Sign in', exact: true }).click();

    await second.getByRole('button', { name: /Agent Jones/ }).waitFor();
    await page.getByRole('button', { name: /Agent Jones/ }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    const drafts = await page.evaluate('Object.entries(localStorage).filter(([, text]) => text === "Begun by Smith")');
    expect(drafts).toEqual([[expect.stringContaining(demo.agent.id), 'Begun by Smith']]);
    // The tab before is told once or twice that its session has ended, or that the new one is of somebody else.
    expect(complaints.filter((line) => !/status of 40[13]/.test(line))).toEqual([]);
  });

  it('takes a link once, forgets its code, and says so when it is used again', async () => {
    const { client, demo } = site.site;
    const path = `/api/v5/orgs/${demo.organization_id}/users/${demo.agent.id}/sign_in_links`;
    const made = await client.request('POST', path, {});
    expect(made.status).toBe(201);
    const { url } = made.body as { url: string };
    const { page, complaints } = await site.open();
    await page.goto(url);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    await expect.poll(() => page.url()).toBe(`${site.site.hub.url}/console/inbox/waiting`);

    const other = await site.open();
    await other.page.goto(url);
    await other.page.getByRole('button', { name: 'Continue' }).click();
    await other.page.getByRole('alert').getByText('This link has been used or has expired.').waitFor();
    expect([complaints, other.complaints]).toEqual([[], [REFUSED]]);
  });

  it('lies over the page when the session ends, and everything goes on after it', async () => {
    const { client, demo } = site.site;
    const { page, signIn, faults, complaints, expectFailures } = await site.open();
    await signIn(demo.agent);
    await site.write('session', 'A question', 'Jane Doe');
    await page.getByRole('link', { name: /Jane Doe/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').fill('Half of an answer');
    await page.evaluate('window.isSamePage = true');

    const tokens = `/admin/v1/organizations/${demo.organization_id}/users/${demo.agent.id}/tokens`;
    const listed = await client.request('GET', tokens, undefined, site.site.hub.adminToken);
    const sessions = (listed.body as { results: { id: string; is_session: boolean }[] }).results.filter(
      ({ is_session }) => is_session,
    );
    expectFailures();
    for (const { id } of sessions) {
      const revoked = await client.request('DELETE', `${tokens}/${id}`, undefined, site.site.hub.adminToken);
      expect(revoked.status).toBe(204);
    }
    await page.getByLabel('Your answer').fill('Half of an answer, and the rest');
    await page.keyboard.press('Enter');
    await page.getByText('Your session has ended. What you have written is still here.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('Access token').fill(demo.agent.token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Your session has ended.').waitFor({ state: 'hidden' });
    await site.site.receiver.waitFor(({ body }) => body.includes('Half of an answer, and the rest'));
    expect(await page.evaluate('window.isSamePage')).toBe(true);
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
