import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requestJson } from '../../../scripts/json-request.ts';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  // The key of the organization holds at once.
  site = await openConsoleSite({}, { variables: { AUTH_CACHE_SECONDS: '0' } });
});
afterAll(() => site?.stop());

const AT = '2026-06-01T10:00:00.000Z';
const action = { type: 'button', value: 'y', style: 'secondary', is_disabled_on_selection: true };
const attachment = {
  id: 'a',
  title: null,
  title_link_url: null,
  text: null,
  image_url: null,
  image_link_url: null,
  actions: [],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};
const call = {
  direction: 'inbound',
  caller: '+358 1',
  called: '200',
  duration: 754,
  subject: 'An order',
  summary: 'They asked for <b>it</b>.',
  transcription: 'javascript:alert(1)',
};
/** What the hub answers for messages of all kinds. Visitors of other interfaces and apps send some of them. */
const KINDS = [
  { message: null, is_encrypted: true, encrypted_message: 'c2VjcmV0' },
  { message: null, sensitive_data_purged_at: AT },
  { message: null, type: 'call_ended', call },
  {
    message: 'Is that right?',
    attachments: [{ ...attachment, title: 'Your address', actions: [{ ...action, id: 'b', text: 'Yes, it is' }] }],
    attachment_template: 'generic',
  },
  {
    message: null,
    type: 'action',
    response_to_action: { ...action, id: 'b', text: 'Yes, it is' },
    response_to_attachment: { ...attachment, title: 'Your address' },
  },
  { message: '', attachments: [{ ...attachment, title: 'An order form' }], attachment_template: 'interaction' },
  { message: null, type: 'interaction_submit' },
  {
    message: '',
    attachments: [
      { ...attachment, title: 'A page', title_link_url: 'https://example.com/page' },
      { ...attachment, id: 'c', title: 'A trap', title_link_url: 'javascript:alert(1)' },
      { ...attachment, id: 'd', image_url: 'https://example.com/tracker.png' },
    ],
    attachment_template: 'generic',
  },
];

it.each(['light', 'dark'] as const)('messages are shown as what they are (%s)', async (scheme) => {
  const { page, signIn, faults, complaints } = await site.open({ scheme });
  const elsewhere: string[] = [];
  page.on('request', (request) => request.url().startsWith(site.site.hub.url) || elsewhere.push(request.url()));
  await page.route('**/messages?*', async (route) => {
    const answered = await route.fetch();
    const body = (await answered.json()) as { results: { id: string }[] };
    const [asked] = body.results;
    const kinds = KINDS.map((kind, place) => ({
      ...asked,
      id: asked?.id.slice(0, -8) + (100 + place).toString(16).padStart(8, '0'),
      ...kind,
    }));
    await route.fulfill({ response: answered, json: { ...body, results: [...kinds.toReversed(), ...body.results] } });
  });
  await signIn(site.site.demo.agent);
  await site.write(`kinds ${scheme}`, 'The first message', `Jane ${scheme}`);
  await page.getByRole('link', { name: new RegExp(`Jane ${scheme}`) }).click();
  const log = page.getByRole('log');
  await log.getByText('An order form').waitFor();
  for (const text of [
    'Encrypted: only who has the private key of the organization can read it',
    /The text was purged on/,
    'They asked for <b>it</b>.',
    /Call from \+358 1 to 200/,
    '12:34',
    'Yes, it is',
    new RegExp(`Jane ${scheme} chose “Yes, it is” to “Your address”`),
    new RegExp(`Jane ${scheme} submitted a form`),
  ]) {
    await log.getByText(text).first().waitFor();
  }
  expect(await log.getByRole('link').allInnerTexts()).toEqual(['A page', 'Image']);
  expect(await log.locator('img, b').count()).toBe(0);
  expect(await faults()).toEqual([]);
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
});

it('a call and a purged message are shown as such when the hub itself has made them', async () => {
  const { client, demo } = site.site;
  const { page, signIn, faults, complaints } = await site.open();
  await signIn(demo.agent);
  const log = page.getByRole('log');
  const [user] = demo.rpc.users;
  const sync = async (params: object) => {
    const whole = { orgid: demo.rpc.orgid, from: '234567668', to: user?.extension, ...params };
    const { url, api_key: token } = demo.rpc;
    const answer = await requestJson({ method: 'POST', url, token, body: { method: 'message', params: whole } });
    expect([answer.status, answer.body]).toEqual([200, { result: expect.anything() }]);
  };
  await sync({ content: 'Is the shop open?' });
  await sync({
    type: 8,
    content: {
      activity_type: 'inbound',
      caller_number: '234567668',
      called_number: user?.extension,
      call_duration: 754,
      call_subject: 'An order',
      call_summary: 'They asked for <b>it</b>.',
    },
  });
  await page.getByRole('link', { name: /^Mine/ }).click();
  await page.getByRole('link', { name: /234567668/ }).click();
  const call = log.getByRole('region', { name: 'Call' });
  await call.getByText(`Call from 234567668 to ${user?.extension}`).waitFor();
  for (const text of ['12:34', 'An order', 'They asked for <b>it</b>.']) await call.getByText(text).waitFor();
  await log.getByText('Is the shop open?').waitFor();

  const organization = `/api/v5/orgs/${demo.organization_id}`;
  await page.getByRole('link', { name: /^Waiting/ }).click();
  const { chat_id } = await site.write('purged', 'My card is 4711', 'Ann Purged');
  await page.getByRole('link', { name: /Ann Purged/ }).click();
  await log.getByText('My card is 4711').waitFor();
  const purge = await client.request('POST', `${organization}/owned_chats/${chat_id}/purge`, {});
  expect(purge.status).toBe(202);
  await log.getByText(/The text was purged on/).waitFor();
  expect(await page.getByText('My card is 4711').count()).toBe(0);
  expect(await faults()).toEqual([]);
  expect(complaints).toEqual([]);
});

it('an encrypted message is readable until the hub has forgotten its key, and there are no notes about it', async () => {
  const { client, demo, hub } = site.site;
  const { page, signIn, faults, complaints } = await site.open();
  const administer = async (path: string, body: object) => {
    const url = `${hub.url}/admin/v1/organizations/${demo.organization_id}${path}`;
    const set = await requestJson({ method: 'PATCH', url, token: hub.adminToken, body });
    expect([set.status, set.body]).toEqual([200, expect.anything()]);
  };
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await administer('', { encryption_public_key: publicKey.export({ type: 'spki', format: 'pem' }) });
  await administer(`/rooms/${demo.room_id}`, { chat_key_ttl_days: 0 });
  await signIn(demo.agent);
  await site.write('sealed', 'Nobody reads this for long', 'Ann Sealed');
  await page.getByRole('link', { name: /Ann Sealed/ }).click();
  const log = page.getByRole('log');
  await log.getByText('Nobody reads this for long').waitFor();
  expect(await page.getByRole('button', { name: 'Note i' }).count()).toBe(0);
  await client.closeSession(site.channel.id, 'sealed');
  await log.getByText('Encrypted: only who has the private key of the organization can read it').waitFor();
  expect(await page.getByText('Nobody reads this for long').count()).toBe(0);
  expect(await faults()).toEqual([]);
  expect(complaints).toEqual([]);
});
