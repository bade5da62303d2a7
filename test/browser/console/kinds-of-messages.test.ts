import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
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
/** What the hub answers for messages of kinds that need other interfaces, keys or times than a test of pages has. */
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
