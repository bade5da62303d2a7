import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the usage in the settings', () => {
  it.each([
    { scheme: 'light', width: 1280 },
    { scheme: 'dark', width: 390 },
  ] as const)('shows what is used of each quota, and what is almost used up ($scheme, $width px)', async (view) => {
    const { demo, client, hub } = site.site;
    const organization = `/admin/v1/organizations/${demo.organization_id}`;
    const limited = await client.request('PATCH', organization, { channels_quota: 1 }, hub.adminToken);
    expect(limited.status).toBe(200);
    const { page, signIn, faults, complaints } = await site.open(view);
    await signIn({ token: demo.settings_token });
    await page.goto(`${hub.url}/console/settings/usage`);
    const rowOf = (what: string) => page.getByRole('row').filter({ hasText: what });
    await rowOf('Channels').getByText('100 %').waitFor();
    await rowOf('Users and bots').getByText('10,000').waitFor();
    await rowOf('Variables of each visitor').getByText('–').waitFor();
    expect(await faults()).toEqual([]);
    // Also where the sections are a line that is wider than the screen, the chosen one is seen.
    const chosen = await page
      .getByRole('navigation', { name: 'Settings' })
      .getByRole('link', { name: 'Usage' })
      .boundingBox();
    expect(chosen?.x).toBeGreaterThanOrEqual(0);
    expect((chosen?.x ?? 0) + (chosen?.width ?? 0)).toBeLessThanOrEqual(view.width);
    expect(complaints).toEqual([]);
  });
});
