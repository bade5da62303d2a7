import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

/** The mark by which all that follows is shown from right to left. */
const MARK = '\u202e';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

/** Where the letters of a text begin in the window (px), as they are shown. The element must have it in one piece. */
const leftsOf = new Function(
  'element',
  'text',
  `const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (texts.nextNode() && !texts.currentNode.data.includes(text));
  const start = texts.currentNode.data.indexOf(text);
  const range = document.createRange();
  return [...text].map((_, place) => {
    range.setStart(texts.currentNode, start + place);
    range.setEnd(texts.currentNode, start + place + 1);
    return range.getBoundingClientRect().left;
  });`,
) as (element: unknown, text: string) => number[];

async function expectForward(element: Locator, text: string): Promise<void> {
  const lefts = await element.evaluate(leftsOf, text);
  expect(lefts).toHaveLength(text.length);
  expect(lefts).toEqual(lefts.toSorted((one, other) => one - other));
}

describe('names with direction marks', () => {
  it('turn no text but their own around', async () => {
    const { client, demo, hub } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const post = async (path: string, body: object) => {
      const made = await client.request('POST', `${organization}${path}`, body);
      expect(made.status).toBe(201);
      return (made.body as { id: string }).id;
    };
    const { id: smith } = demo.agent;
    const named = await client.request('PATCH', `${organization}/users/${smith}`, { first_name: `${MARK}Smith` });
    expect(named.status).toBe(200);
    const room = await post('/rooms', { name: `${MARK}Returns` });
    const team = await post('/teams', { name: `${MARK}Night` });
    await client.request('POST', `${organization}/teams/${team}/memberships`, { user_id: smith });
    await post('/users', { first_name: `${MARK}Machine`, last_name: '', is_bot: true });
    await post('/routers', { name: `${MARK}Router`, room_ids: [room], targets: [{ kind: 'user', id: smith }] });

    const agent = await site.open();
    await agent.signIn(demo.agent);
    await site.write(crypto.randomUUID(), `${MARK}Where is my order?`, `${MARK}Jane`);
    await agent.page.getByRole('link', { name: /Jane/ }).click();
    await agent.page.getByRole('button', { name: 'Take the chat' }).click();
    await agent.page.getByLabel('Your answer').fill('On its way.');
    await agent.page.keyboard.press('Enter');
    const log = agent.page.getByRole('log');
    await expectForward(log.getByText(/joined$/), 'joined');
    const time = await log.locator('.message-head time').first().textContent();
    await expectForward(log.locator('.message-head').first(), time ?? '');
    expect(await agent.faults()).toEqual([]);

    const { page, signIn, faults, complaints } = await site.open();
    await signIn({ token: demo.settings_token });
    await page.getByRole('link', { name: /^All open/ }).click();
    const line = page.locator('.row-line').filter({ hasText: 'On its way.' }).first();
    await line.waitFor();
    await expectForward(line, 'On its way.');

    const settings = `${hub.url}/console/settings`;
    await page.goto(`${settings}/users`);
    const machine = page.getByRole('cell', { name: /Machine/ }).first();
    await machine.waitFor();
    await expectForward(machine, 'bot');
    await page.goto(`${settings}/teams/${team}`);
    await page.getByRole('button', { name: 'Take out' }).click();
    const question = page.getByRole('alertdialog').getByRole('heading');
    await question.waitFor();
    await expectForward(question, ' out of “');
    expect(await faults()).toEqual([]);
    await page.goto(`${settings}/routers`);
    const sentence = page.getByRole('cell', { name: /go to/ }).filter({ hasText: 'Returns' }).first();
    await sentence.waitFor();
    await expectForward(sentence, ' go to ');
    expect(await faults()).toEqual([]);
    expect([...agent.complaints, ...complaints]).toEqual([]);
  });
});
