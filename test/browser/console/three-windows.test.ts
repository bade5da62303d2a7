import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChatSite, openBrowser, openChatSite } from '../../support/local/chat-site.ts';
import { openConsole } from '../../support/local/console-site.ts';

let chatSite: ChatSite;
let agents: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  [chatSite, agents] = await Promise.all([openChatSite(), openBrowser()]);
});
afterAll(async () => {
  await agents?.close();
  await chatSite?.stop();
});

it('a visitor on a page and two agents meet in one chat: it is taken once, handed over, closed, and begun again', async ({
  onTestFailed,
}) => {
  onTestFailed(async () => console.error(await chatSite.report()));
  const { page: visitor, url, site } = chatSite;
  const [smith, jones] = await Promise.all([
    openConsole(agents, site.hub.url),
    openConsole(agents, site.hub.url, { scheme: 'dark' }),
  ]);
  await smith.signIn(site.demo.agent);
  await jones.signIn(site.demo.agent2);

  await visitor.goto(`${url}/chat`);
  await visitor.getByLabel('Your name').fill('Ada Visitor');
  await visitor.getByRole('button', { name: 'Start new chat' }).click();
  await visitor.getByRole('link', { name: 'Ada Visitor', exact: true }).click();
  const write = async (text: string) => {
    await visitor.getByLabel('Your message').fill(text);
    await visitor.getByRole('button', { name: 'Send', exact: true }).click();
  };
  const sees = (text: string) => visitor.locator('#messages li.user', { hasText: text }).waitFor();
  await write('Where is my order?');

  for (const { page } of [smith, jones]) {
    await page.getByRole('link', { name: /Ada Visitor/ }).click();
    await page.getByRole('log').getByText('Where is my order?').waitFor();
    await page.getByRole('button', { name: 'Take the chat' }).waitFor();
  }
  await smith.page.getByRole('button', { name: 'Take the chat' }).click();
  await jones.page.getByText('You only look at this chat.').waitFor();
  expect(await jones.page.getByLabel('Your answer').count()).toBe(0);

  await smith.page.getByLabel('Your answer').pressSequentially('It will be');
  await jones.page.getByText(/Smith.* is writing/).waitFor();
  await jones.page.getByRole('link', { name: /^All open/ }).click();
  await jones.page
    .getByRole('link', { name: /Ada Visitor/ })
    .getByText('Agent Smith writing…')
    .waitFor();
  await jones.page.getByRole('link', { name: /Ada Visitor/ }).click();
  await smith.page.getByLabel('Your answer').fill('It will be there on Friday.');
  await smith.page.keyboard.press('Enter');
  await sees('It will be there on Friday.');
  await jones.page.getByRole('log').getByText('It will be there on Friday.').waitFor();
  // What the visitor types is seen by who answers and who looks, until it is sent. Smith's list, Waiting, has lost the chat.
  const chatId = new URL(smith.page.url()).pathname.split('/').at(-1) ?? '';
  await chatSite.type(chatId, true);
  await jones.page
    .getByRole('link', { name: /Ada Visitor/ })
    .getByText('Ada Visitor writing…')
    .waitFor();
  for (const { page } of [smith, jones]) await page.getByRole('log').getByText('Ada Visitor is writing').waitFor();
  await write('And the second one?');
  for (const { page } of [smith, jones]) {
    await page.getByRole('log').getByText('Ada Visitor is writing').waitFor({ state: 'hidden' });
  }
  for (const { page } of [smith, jones]) await page.getByRole('log').getByText('And the second one?').waitFor();

  await smith.page.getByRole('button', { name: 'Hand over' }).click();
  await smith.page.getByRole('menuitem', { name: 'Agent Jones present' }).click();
  await smith.page.getByText('You only look at this chat.').waitFor();
  await jones.page.getByLabel('Your answer').fill('The second one comes on Monday.');
  await jones.page.keyboard.press('Enter');
  await sees('The second one comes on Monday.');
  expect([...(await smith.faults()), ...(await jones.faults())]).toEqual([]);

  await jones.page
    .getByRole('button', { name: /^Close/ })
    .first()
    .click();
  await visitor.getByText('This chat has ended.').waitFor();
  for (const { page } of [smith, jones]) await page.getByText('This chat has ended.').waitFor();

  // Who writes again begins a new chat, and both agents have it before them.
  await visitor.goto(`${url}/chat`);
  await visitor.getByLabel('Your name').fill('Ada Visitor');
  await visitor.getByRole('button', { name: 'Start new chat' }).click();
  await visitor
    .getByRole('listitem')
    .filter({ hasText: 'Ada Visitor', hasNotText: 'ended' })
    .getByRole('link', { name: 'Ada Visitor', exact: true })
    .click();
  await write('One more question');
  for (const { page } of [smith, jones]) {
    await page.getByRole('link', { name: /^Waiting/ }).click();
    await page
      .getByRole('link', { name: /Ada Visitor/ })
      .getByText('One more question')
      .waitFor();
  }
  expect([...smith.complaints, ...jones.complaints, ...chatSite.console]).toEqual([]);
});
