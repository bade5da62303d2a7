import { beforeAll, describe, expect, it } from 'vitest';
import { USER_BODY, USER_MESSAGE_BODY } from '../../../src/http/body-limits.ts';
import {
  addressOf,
  bodyFor,
  everythingOf,
  fill,
  type Names,
  OPERATIONS,
  type Operation,
} from '../../support/worker/chat-operations.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { expectUntouched } from '../../support/worker/leave-untouched.ts';
import { enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { type Answer, type Call, call, type Person } from '../../support/worker/requests.ts';

const DETAIL = { detail: expect.any(String) };
const EVERY_SCOPE = ['settings', 'reports', 'users'];

let org: TestOrganization;
let owner: Person;
let names: Names;
/** Resources of another chat of the same user. */
let others: Names;

beforeAll(async () => {
  org = await TestOrganization.open();
  owner = await enrollAgent(org.organizationId, {}, EVERY_SCOPE);
  names = await fill(org, owner);
  others = await fill(org, owner);
});

const writing = OPERATIONS.filter(({ hasBody }) => hasBody);
const parametersOf = ({ path }: Operation) => Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);

/** A valid request of an operation with the change of `change`. */
const attempt = (operation: Omit<Operation, 'hasBody'>, change: Call = {}, changed: Names = {}): Promise<Answer> =>
  call(addressOf(operation, { ...names, ...changed }), {
    method: operation.method,
    authorization: `Bearer ${owner.token}`,
    ...(change.raw === undefined ? bodyFor(operation, owner.user_id) : {}),
    ...change,
  });

/** What a refusal must not change: the number of D1's rows, and the chat in its thread. */
const state = async () => [await countRows(), await everythingOf(org, names['chat_id'] ?? '')];

const LEVELS = 40_000;
const DEEP_LIST = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;
const DEEP_OBJECT = `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`;
const LONG = `"${'x'.repeat(200_000)}"`;

describe('a body', () => {
  expectUntouched(state);

  it.each(writing)('that is not a JSON object is refused: $method $path', async (operation) => {
    for (const raw of ['{"', '[]', '[{}]', 'null', 'true', '7', '"text"', 'NaN', '\0', DEEP_LIST]) {
      const answer = await attempt(operation, { raw });
      expect([raw.slice(0, 20), answer.status]).toEqual([raw.slice(0, 20), 400]);
    }
    const bytes = await attempt(operation, { raw: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]) });
    expect([bytes.status, bytes.json]).toEqual([400, { detail: expect.stringContaining('UTF-8') }]);
  });

  it.each(writing)('above the limit is 413, and without a token 401: $method $path', async (operation) => {
    const { method, path } = operation;
    const isMessage =
      /^(POST|PATCH) .*\/chats\/{chat_id}\/messages(\/{message_id})?$/.test(`${method} ${path}`) ||
      path.endsWith('/draft');
    const raw = `{"message":"${'x'.repeat(isMessage ? USER_MESSAGE_BODY : USER_BODY)}"}`;
    expect((await attempt(operation, { raw })).status).toBe(413);
    expect((await attempt(operation, { raw, authorization: '' })).status).toBe(401);
  });

  const WRONG = ['null', '0', '[]', '[null]', '{}', '{"__proto__":{}}', '""', '" "', '"\\u0000"', '"\\ud800"', LONG];

  /** The fields of the tests' body that an operation reads. */
  function fieldsOf({ method, path }: Operation, body: object): string[] {
    if (method === 'POST' && path.endsWith('/chats')) return [];
    const isInvitation = path.includes('/outgoing_chat_invitations');
    return isInvitation ? [method === 'POST' ? 'invited_user_id' : 'is_expired'] : Object.keys(body);
  }

  it.each(writing)('with a field of a wrong type is refused: $method $path', async (operation) => {
    const body = bodyFor(operation, owner.user_id).body as { [field: string]: unknown };
    for (const field of fieldsOf(operation, body)) {
      for (const wrong of [...WRONG, DEEP_LIST, DEEP_OBJECT]) {
        const rest = Object.keys(body).filter((other) => other !== field);
        const fields = rest.map((other) => `"${other}":${JSON.stringify(body[other])},`).join('');
        const answer = await attempt(operation, { raw: `{${fields}"${field}":${wrong}}` });
        expect([field, wrong.slice(0, 20), answer.status]).toEqual([field, wrong.slice(0, 20), 400]);
        expect(answer.text.length).toBeLessThan(1000);
      }
    }
  });

  it.each([
    ['messages', '{"message":"x","attachments":7}'],
    ['messages', '{"message":"x","attachments":"x"}'],
    ['messages', '{"message":"x","attachments":[null]}'],
    ['messages', '{"message":"x","attachments":[[]]}'],
    ['messages', '{"message":"x","attachments":[{"title":"x","actions":{"length":7}}]}'],
    ['messages', `{"message":"x","attachments":${DEEP_LIST}}`],
    ['messages', `{"message":"x","attachments":[{"title":"x","parameters":${DEEP_OBJECT}}]}`],
    ['messages', '{"message":"x","attachments":[{"title":"x","parameters":{"__proto__":{}}}]}'],
    ['messages', '{"message":"x","attachments":[{"title":"x","parameters":{"a":[12345678901234567890]}}]}'],
    ['messages', '{"message":"x","attachments":[{"title":"x","parameters":{"a":1e400}}]}'],
    ['messages', '{"message":"x","attachment_template":"__proto__","attachments":[{"title":"x"}]}'],
    ['messages', '{"message":"x","selected_reply_suggestion_id":{"a":1}}'],
    ['messages', '{"message":"x","chat_reply_suggestion_id":"x"}'],
    ['tags', '{"name":"."}'],
    ['tags', '{"name":".."}'],
    ['messages/{message_id}/reply_suggestions', '{"suggestion":"x","relevancy_score":1e400}'],
    ['messages/{message_id}/reply_suggestions', '{"suggestion":"x","relevancy_score":"one"}'],
    ['outgoing_chat_invitations', '{"invited_team_id":{}}'],
  ])('to %s is refused: %j', async (collection, raw) => {
    const operation = { method: 'POST', path: `/users/{user_id}/chats/{chat_id}/${collection}` };
    expect((await attempt(operation, { raw })).status).toBe(400);
  });

  it.each([
    ['attachments', `[${Array(66_000).fill('{}').join(',')}]`],
    ['attachments', `[${Array(99_000).fill('0').join(',')}]`],
    ['attachments', `[{"actions":[${Array(66_000).fill('{}').join(',')}]}]`],
    [
      'attachments',
      `[${Array(60)
        .fill(`{"actions":[${Array(1_000).fill('{}').join(',')}]}`)
        .join(',')}]`,
    ],
  ])('with more %s than can be stored is refused with a short answer', async (field, value) => {
    const operation = { method: 'POST', path: '/users/{user_id}/chats/{chat_id}/messages' };
    const answer = await attempt(operation, { raw: `{"message":"x","${field}":${value}}` });
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.stringMatching(/^Ensure this field has/)] }]);
  });
});

describe('a path', () => {
  expectUntouched(state);

  const ODD = ['%00', '%', '%E4', '%ED%A0%80', '%2F', '%252F', '%E0%A4%A', '__proto__', "'", 'x'.repeat(3000)];

  it.each(OPERATIONS)('with an unusual segment is 404: $method $path', async (operation) => {
    for (const parameter of parametersOf(operation)) {
      // One of them is a template that a client did not fill in.
      for (const odd of [...ODD, `:${parameter}`]) {
        const place = addressOf(operation, { ...names, [parameter]: 'ODD' }).replace('ODD', odd);
        const request = { method: operation.method, authorization: `Bearer ${owner.token}` };
        const answer = await call(place, { ...request, ...bodyFor(operation, owner.user_id) });
        expect([parameter, odd, answer.status, answer.json]).toEqual([parameter, odd, 404, DETAIL]);
      }
    }
  });

  it.each(OPERATIONS.filter(({ path }) => path.includes('{chat_id}')))(
    'with the id of another resource is 404: $method $path',
    async (operation) => {
      const ids = ['chat_id', 'message_id', 'reply_suggestion_id', 'invitation_id', 'visitor_id', 'other_chat_id'];
      for (const parameter of parametersOf(operation).filter((name) => ids.includes(name))) {
        const kinds = ['message_id', 'reply_suggestion_id', 'invitation_id', 'room_id', 'user_id', 'organization_id'];
        const wrong = kinds.filter((name) => name !== parameter).map((name) => names[name] ?? '');
        if (!['chat_id', 'other_chat_id'].includes(parameter)) wrong.push(others[parameter] ?? '');
        for (const id of wrong) {
          const answer = await attempt(operation, {}, { [parameter]: id });
          expect([parameter, id, answer.status, answer.json]).toEqual([parameter, id, 404, DETAIL]);
        }
      }
    },
  );
});
