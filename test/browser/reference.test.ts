import { expect, it } from 'vitest';
import { openBrowser } from '../support/local/chat-site.ts';
import { openHub } from '../support/local/hub.ts';

it('shows the reference page, loads nothing from other origins and violates no content policy', async () => {
  const site = await openHub();
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${site.hub.url}/docs`);
    await page.getByRole('heading', { name: 'UMI', exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Channels', exact: true }).waitFor();
    expect(complaints).toEqual([]);
    expect(requested.filter((url) => !url.startsWith(`${site.hub.url}/`) && !url.startsWith('data:'))).toEqual([]);
  } finally {
    await browser.close();
    await site.stop();
  }
});
