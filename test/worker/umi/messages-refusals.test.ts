import { beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../../support/worker/copied-rows.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { type Incoming, type Json, TestOrganization, unique, visitorSays } from '../../support/worker/organization.ts';
import { admin, enroll } from '../../support/worker/requests.ts';

let org: TestOrganization;
let foreignUser: string;
/** A thread with a message, and its chat. */
const known = unique('thread');
let chatId: string;

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

beforeAll(async () => {
  org = await TestOrganization.open();
  foreignUser = (await enroll()).user_id;
  ({ chatId } = await org.say(known, 'hello'));
});

expectUntouched(async () => [await countRows(), await org.chat(chatId), await org.memberships(chatId)]);

const REQUIRED = ['This field is required.'];
const NULL = ['This field may not be null.'];
const BLANK = ['This field may not be blank.'];
const NO_STRING = ['Not a valid string.'];
const TOO_LONG = ['Ensure this field has no more than 512 characters.'];
const NO_BOOLEAN = ['Must be a valid boolean.'];
const NO_USER = ['No user with this id in the organization.'];

/** A refusal in a new and in an existing thread: 400 with these fields. The new thread is not created. */
async function expectRefused(change: (thread: string) => unknown, fields: unknown): Promise<void> {
  const fresh = unique('thread');
  for (const thread of [fresh, known]) {
    const answer = await org.post(change(thread));
    expect([answer.status, answer.json]).toEqual([400, fields]);
  }
  expect((await org.close(fresh)).status).toBe(404);
}

describe('one message is refused with', () => {
  it.each<[string, Json, Json]>([
    ['no body', { body: undefined }, { body: REQUIRED }],
    ['a null body', { body: null }, { body: NULL }],
    ['an empty body', { body: '' }, { body: BLANK }],
    ['a blank body', { body: ' \n\t\u00a0' }, { body: BLANK }],
    ['a number as body', { body: 7 }, { body: NO_STRING }],
    ['a list as body', { body: ['a'] }, { body: NO_STRING }],
    ['a null character', { body: 'a\0b' }, { body: ['Null characters are not allowed.'] }],
    ['half a surrogate pair', { body: 'a\ud83d' }, { body: ['Lone surrogates are not allowed.'] }],
    ['no thread', { thread_id: undefined }, { thread_id: REQUIRED }],
    ['an empty thread', { thread_id: '' }, { thread_id: BLANK }],
    ['a blank thread', { thread_id: '  ' }, { thread_id: BLANK }],
    ['a long thread', { thread_id: 't'.repeat(513) }, { thread_id: TOO_LONG }],
    ['no sender', { sender_id: undefined }, { sender_id: REQUIRED }],
    ['an empty sender', { sender_id: '' }, { sender_id: BLANK }],
    ['a long sender', { sender_id: 's'.repeat(513) }, { sender_id: TOO_LONG }],
    ['no message id', { message_id: undefined }, { message_id: REQUIRED }],
    ['an empty message id', { message_id: '' }, { message_id: BLANK }],
    ['a number as message id', { message_id: 1 }, { message_id: NO_STRING }],
    ['a long message id', { message_id: 'm'.repeat(513) }, { message_id: TOO_LONG }],
    ['an unknown sender type', { sender_type: 'bot' }, { sender_type: ['"bot" is not a valid choice.'] }],
    ['a null sender type', { sender_type: null }, { sender_type: NULL }],
    [
      'a user id that is not a UUID',
      { sender_type: 'user', sender_id: 'agent@example.com' },
      { sender_id: ['Must be a valid UUID.'] },
    ],
    ['an unknown user', { sender_type: 'user', sender_id: UNKNOWN }, { sender_id: NO_USER }],
    [
      'a suggestion id that is not a UUID',
      { sender_type: 'user', sender_id: UNKNOWN, selected_reply_suggestion_id: 'best' },
      { selected_reply_suggestion_id: ['Must be a valid UUID.'] },
    ],
    ['a time without close_session', { created_at: '2026-01-01T00:00:00Z' }, { created_at: [expect.any(String)] }],
    ['an invalid time', { created_at: 'yesterday' }, { created_at: [expect.stringContaining('ISO 8601')] }],
  ])('%s', async (_, change, fields) => {
    await expectRefused((thread) => ({ messages: [visitorSays(thread, 'hi', change)] }), { messages: [fields] });
    await expectRefused(
      (thread) => {
        const threadId = 'thread_id' in change ? (change['thread_id'] as string) : thread;
        const good = visitorSays(thread, 'good', { thread_id: threadId ?? thread });
        return { messages: [good, visitorSays(thread, 'hi', change)] };
      },
      'thread_id' in change ? { messages: expect.any(Array) } : { messages: [{}, fields] },
    );
  });

  it('a user of another organization, or one who was deleted', async () => {
    await expectRefused(
      (thread) => ({ messages: [visitorSays(thread, 'hi', { sender_type: 'user', sender_id: foreignUser })] }),
      { messages: [{ sender_id: NO_USER }] },
    );
    const leaver = await enroll({ organization_id: org.organizationId });
    await admin(`/organizations/${org.organizationId}/users/${leaver.user_id}`, { method: 'DELETE' });
    await expectRefused(
      (thread) => ({ messages: [visitorSays(thread, 'hi', { sender_type: 'user', sender_id: leaver.user_id })] }),
      { messages: [{ sender_id: NO_USER }] },
    );
  });
});

describe('a batch is refused whole', () => {
  it.each<[string, (thread: string) => Incoming, Json]>([
    ['a blank body', (thread) => visitorSays(thread, ' '), { body: BLANK }],
    [
      'another thread',
      () => visitorSays(unique('thread'), 'hi'),
      { thread_id: ['All messages must have the same thread_id.'] },
    ],
    [
      'a foreign user',
      (thread) => visitorSays(thread, 'hi', { sender_type: 'user', sender_id: foreignUser }),
      { sender_id: NO_USER },
    ],
  ])('for %s in its middle', async (_, bad, fields) => {
    await expectRefused(
      (thread) => ({
        messages: [visitorSays(thread, 'good'), bad(thread), visitorSays(thread, 'good too')],
        variables: { username: 'Nobody' },
        close_session: true,
      }),
      { messages: [{}, fields, {}] },
    );
  });
});

describe('a request is refused with', () => {
  it.each<[string, Json, Json]>([
    ['no messages', { messages: undefined }, { messages: REQUIRED }],
    ['null as messages', { messages: null }, { messages: NULL }],
    ['an empty list', { messages: [] }, { messages: ['This list may not be empty.'] }],
    ['one message without its list', { messages: {} }, { messages: ['Expected a list of items but got type "dict".'] }],
    [
      'a text as message',
      { messages: ['hi'] },
      { messages: [{ non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] }] },
    ],
    ['a text as skip_waiting_state', { skip_waiting_state: 'yes' }, { skip_waiting_state: NO_BOOLEAN }],
    ['a number as close_session', { close_session: 1 }, { close_session: NO_BOOLEAN }],
    ['null as skip_webhooks', { skip_webhooks: null }, { skip_webhooks: NULL }],
    ['a list as variables', { variables: [] }, { variables: ['Expected a dictionary of items but got type "list".'] }],
    ['a number as variable', { variables: { age: 7 } }, { variables: { age: NO_STRING } }],
    [
      'a variable with a reserved name',
      { variables: JSON.parse('{"__proto__": "p", "constructor": "c"}') },
      { variables: JSON.parse('{"__proto__": ["This name is reserved."]}') },
    ],
    ['an object as variable', { variables: { age: {} } }, { variables: { age: NO_STRING } }],
  ])('%s', async (_, change, fields) => {
    await expectRefused((thread) => ({ messages: [visitorSays(thread, 'hi')], ...change }), fields);
  });

  it.each([
    ['', 'v', BLANK],
    [' ', 'v', BLANK],
    ['k'.repeat(256), 'v', ['Ensure this field has no more than 255 characters.']],
    ['.', 'v', ['This name cannot be part of a URL.']],
    ['..', null, ['This name cannot be part of a URL.']],
    ['username', '', BLANK],
    ['username', ' \n', BLANK],
    ['tier', 'v'.repeat(10_001), ['Ensure this field has no more than 10000 characters.']],
  ])('the variable %j with the value %j', async (key, value, messages) => {
    await expectRefused(
      (thread) => ({ messages: [visitorSays(thread, 'hi')], variables: { good: 'x', [key]: value } }),
      { variables: { [key]: messages } },
    );
  });

  it('a body that is not a JSON object, and an empty one', async () => {
    for (const raw of ['{"messages": [', 'messages', '{"messages":[{}],}', '\u0000']) {
      const answer = await org.request('POST', '/messages', { raw });
      expect([answer.status, answer.json]).toEqual([400, { detail: expect.stringMatching(/^JSON parse error/) }]);
    }
    for (const raw of ['[]', '"messages"', '1', 'null', JSON.stringify([visitorSays(unique('thread'), 'hi')])]) {
      const answer = await org.request('POST', '/messages', { raw });
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['non_field_errors']]);
    }
    const empty = await org.request('POST', '/messages', { headers: { 'Content-Type': 'application/json' } });
    expect([empty.status, empty.json]).toEqual([400, { messages: REQUIRED }]);
  });

  it('a channel that is unknown, malformed or of another organization', async () => {
    const other = await TestOrganization.open();
    const thread = unique('thread');
    for (const id of [UNKNOWN, 'nonsense', other.channelId]) {
      const answer = await org.request('POST', `https://hub.example${org.gateway.root}/${id}/messages`, {
        body: { messages: [visitorSays(thread, 'hi')] },
      });
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
    expect((await org.request('GET', '/messages')).status).toBe(405);
  });
});
