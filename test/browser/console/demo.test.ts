import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AdminClient } from '../../../scripts/admin-client.ts';
import { freePort } from '../../../scripts/free-port.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { openBrowser } from '../../support/local/chat-site.ts';
import { openConsole } from '../../support/local/console-site.ts';
import { makeFolder, openHub } from '../../support/local/hub.ts';
import { runScript, type ScriptProcess } from '../../support/local/script-process.ts';

let folder: string;
let port: number;
let start: ScriptProcess;
let browser: Browser;
beforeAll(async () => {
  folder = await makeFolder();
  port = await freePort();
  start = runScript('scripts/start.ts', ['--port', String(port), '--persist-to', folder]);
  await start.waitForOutput('# 3. list the chats');
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  start?.kill('SIGTERM');
  await start?.ended;
  await rm(folder, { recursive: true, force: true });
});

it('lets a newcomer see a chat from beginning to end after npm start, by clicks and one answer', async () => {
  const { page, complaints } = await openConsole(browser, `http://127.0.0.1:${port}`);
  await page.getByRole('button', { name: 'Agent Smith' }).click();
  await page.getByText('Nobody is waiting').waitFor();
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await page.getByRole('list', { name: 'Waiting: chats' }).getByRole('link').click();
  await page.getByRole('button', { name: 'Take the chat' }).click();
  await page.getByLabel('Your answer').fill('Hello from the demo.');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByTitle('Stored').waitFor();
  expect(await start.waitForOutput('Hello from the demo.')).toContain('demo reply by Agent Smith');
  await page
    .getByRole('button', { name: /^Close/ })
    .first()
    .click();
  await page.getByText('This chat has ended.').waitFor();
  await page.getByRole('link', { name: /^Closed/ }).click();
  await page.getByRole('list', { name: 'Closed: chats' }).getByRole('link').waitFor();
  expect(complaints).toEqual([]);
});

it('shows the people of a demo once they are made, if its page is opened before', async () => {
  const [organization_id, first, second] = [1, 2, 3].map(() => newUuid(Date.now())) as [string, string, string];
  const users = [first, second].map((id) => ({ id, scopes: [] }));
  const demo = { organization_id, reply_webhook_url: 'http://127.0.0.1:9/none', users, is_new: true };
  const site = await openHub({ variables: { DEMO_SIGN_IN: JSON.stringify(demo) } });
  try {
    const { page, complaints } = await openConsole(browser, site.hub.url);
    await page.getByLabel('Access token').waitFor();
    const admin = new AdminClient(site.hub.url, site.hub.adminToken, null);
    await admin.createOrganization('Late Organization', organization_id);
    const person = (id: string, first_name: string) =>
      admin.createUser(organization_id, { id, first_name, last_name: 'Late', is_bot: false, scopes: [] });
    await person(first, 'One');
    await page.getByRole('button', { name: 'One Late' }).waitFor();
    await person(second, 'Two');
    await page.getByRole('button', { name: 'Two Late' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  } finally {
    await site.stop();
  }
});
