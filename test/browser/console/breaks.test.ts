import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemoHub } from '../../../scripts/demo-hub.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('the console while the hub is away', () => {
  it('shows that it is offline, keeps what one writes, and sends it once when the hub is back, without a reload', async () => {
    const { page, signIn, faults } = await site.open();
    await signIn(site.site.demo.agent);
    await site.write('break', 'Before the break', 'Jane Doe');
    await page.getByRole('link', { name: /Jane Doe/ }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    await page.getByLabel('Your answer').waitFor();
    await page.evaluate('window.isSamePage = true');

    const { port } = site.site.hub;
    await site.site.hub.stop();
    await page.getByText(/^Offline since/).waitFor();
    await page.getByLabel('Your answer').fill('Written while the hub was away');
    await page.keyboard.press('Enter');
    await page.getByText('Will be sent when the connection is back').waitFor();
    expect(await faults()).toEqual([]);

    const again = await startDemoHub({ persistTo: site.site.folder, port });
    try {
      await page.getByText('Live', { exact: true }).waitFor();
      const sent = (body: string) => body.includes('Written while the hub was away');
      await site.site.receiver.waitFor(({ body }) => sent(body));
      await page.getByText('Will be sent when the connection is back').waitFor({ state: 'hidden' });
      await site.write('break', 'After the break', 'Jane Doe');
      await page.getByRole('log').getByText('After the break').waitFor();
      expect(await page.getByRole('log').getByText('Written while the hub was away').count()).toBe(1);
      expect(site.site.receiver.requests.filter(({ body }) => sent(body))).toHaveLength(1);
      expect(await page.evaluate('window.isSamePage')).toBe(true);
    } finally {
      await again.stop();
    }
  });
});
