import { beforeAll, describe, expect, it } from 'vitest';
import { ask, type Json, TestOrganization, UUID, unique } from '../../support/worker/organization.ts';
import { STORED } from '../../support/worker/plain-message.ts';

let org: TestOrganization;
let chatId: string;
let thread: string;

beforeAll(async () => {
  org = await TestOrganization.open();
  thread = unique('thread');
  chatId = (await org.say(thread, 'help')).chatId;
  await org.join(org.agent, chatId);
});

const post = (body: Json) =>
  ask(org.agent, 'POST', `/users/${org.agent.user_id}/chats/${chatId}/messages`, { message: 'Look', ...body });

const YES = {
  text: 'Yes',
  type: 'button',
  value: 'yes',
  style: 'success',
  is_disabled_on_selection: true,
  is_disabled_on_visitor_message: false,
};
const EMPTY = {
  id: UUID,
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

describe('a message with attachments', () => {
  it('shows them in the answer, in lists and in the channel’s webhook', async () => {
    const answer = await post({
      attachments: [
        { text: 'Helpful?', actions: [YES, { ...YES, text: 'Site', type: 'link_button', value: '#contact' }] },
        { title: 'Shop', title_link_url: 'https://shop.example.com/', id: 'ignored', colour: 'ignored' },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ type: 'msg', message: 'Look', attachment_template: 'generic' });
    expect(answer.json['attachments']).toEqual([
      {
        ...EMPTY,
        text: 'Helpful?',
        actions: [
          { id: UUID, ...YES },
          { id: UUID, ...YES, text: 'Site', type: 'link_button', link_target: '_blank', value: '#contact' },
        ],
      },
      { ...EMPTY, title: 'Shop', title_link_url: 'https://shop.example.com/', link_target: '_blank' },
    ]);
    const ids = JSON.stringify(answer.json['attachments']).match(/"id":"[^"]+"/g) ?? [];
    expect(new Set(ids).size).toBe(4);
    const listed = await org.messages(chatId, '?ordering=-created_at&type__in=msg&page_size=1');
    expect(listed).toEqual([answer.json]);
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages/${answer.json['id']}`;
    expect((await ask(org.agent, 'GET', path)).json).toEqual(answer.json);
    const event = (await org.events(thread)).at(-1);
    expect({ ...(event?.['message'] as object), ...STORED }).toEqual(answer.json);
  });

  it('may have an interaction or an external page', async () => {
    const parameters = { initial_height: 250, custom: [true, null, { deep: 'é' }] };
    const interaction_id = crypto.randomUUID();
    const one = await post({ attachment_template: 'interaction', attachments: [{ interaction_id, parameters }] });
    expect([one.status, one.json['attachment_template'], one.json['attachments']]).toEqual([
      200,
      'interaction',
      [{ ...EMPTY, interaction_id, parameters }],
    ]);
    const attachment_url = 'https://pages.example.com/a';
    const two = await post({
      attachment_template: 'external',
      attachments: [{ attachment_url, title: 'T', parameters }],
    });
    expect([two.status, two.json['attachment_template'], two.json['attachments']]).toEqual([
      200,
      'external',
      [{ ...EMPTY, attachment_url, title: 'T', parameters }],
    ]);
  });

  it('may be as large as the limit', async () => {
    const attachments = [
      { text: 'x', parameters: { dropped: true } },
      { text: 'y', title: 'z'.repeat(2000) },
    ];
    while (JSON.stringify(attachments).length < 150_000) attachments.push({ text: 'w'.repeat(10_000), title: 't' });
    const answer = await post({ attachments });
    expect([answer.status, (answer.json['attachments'] as Json[]).length]).toEqual([200, attachments.length]);
    expect(await org.messages(chatId, '?ordering=-created_at&page_size=1')).toEqual([answer.json]);
  });

  it.each<[string, Json, Json]>([
    ['nothing to show', { attachments: [{}] }, { attachments: [{ non_field_errors: [expect.any(String)] }] }],
    [
      'an interaction without its id',
      { attachment_template: 'interaction', attachments: [{}] },
      { attachments: [{ interaction_id: ['This field is required.'] }] },
    ],
    [
      'an action without required fields, beside a valid one',
      { attachments: [{ text: 'x' }, { actions: [YES, { ...YES, text: '', type: undefined }] }] },
      {
        attachments: [
          {},
          { actions: [{}, { text: ['This field may not be blank.'], type: ['This field is required.'] }] },
        ],
      },
    ],
    [
      'too deep nesting',
      { attachments: [{ text: 'x', parameters: { a: JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) } }] },
      { attachments: ['Ensure this field has no more than 32 levels.'] },
    ],
  ])('is refused with %s', async (_, body, errors) => {
    const before = (await org.chat(chatId))['message_count'];
    const answer = await post(body);
    expect([answer.status, answer.json]).toEqual([400, errors]);
    expect((await org.chat(chatId))['message_count']).toBe(before);
  });
});
