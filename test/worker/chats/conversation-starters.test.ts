import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, enrollCallers, expectOwn } from '../../support/worker/access-checks.ts';
import { ask, type Json, resultsOf, TIME } from '../../support/worker/organization.ts';
import { enroll, type Person, testEnv } from '../../support/worker/requests.ts';

let callers: Callers;

beforeAll(async () => {
  callers = await enrollCallers([]);
});

const starters = (person: Person, rest = '') => `/users/${person.user_id}/chat_conversation_starters${rest}`;
const add = (person: Person, body: Json) => ask(person, 'POST', starters(person), body);
const codesOf = (answer: { json: Json }) => resultsOf(answer).map(({ language_code }) => language_code);

const TAKEN = { language_code: ['The user already has a conversation starter with this language code.'] };

describe('conversation starters', () => {
  it('are added, shown, replaced, changed and removed', async () => {
    const user = await enroll();
    const added = await add(user, { language_code: 'en-GB', message: 'Can I help you?' });
    expect([added.status, added.json]).toEqual([
      201,
      { language_code: 'en-GB', message: 'Can I help you?', created_at: TIME, updated_at: added.json['created_at'] },
    ]);
    for (const code of ['en-GB', 'EN-gb']) {
      expect((await ask(user, 'GET', starters(user, `/${code}`))).json).toEqual(added.json);
    }
    const changed = await ask(user, 'PATCH', starters(user, '/en-gb'), { message: 'Hello!' });
    expect([changed.status, changed.json]).toEqual([200, { ...added.json, message: 'Hello!', updated_at: TIME }]);
    const moved = await ask(user, 'PUT', starters(user, '/en-GB'), { language_code: 'fi', message: 'Moi' });
    expect([moved.status, moved.json]).toEqual([
      200,
      { language_code: 'fi', message: 'Moi', created_at: added.json['created_at'], updated_at: TIME },
    ]);
    expect((await ask(user, 'GET', starters(user, '/en-GB'))).status).toBe(404);
    expect((await ask(user, 'DELETE', starters(user, '/fi'))).status).toBe(204);
    const missing = [
      await ask(user, 'GET', starters(user, '/fi')),
      await ask(user, 'DELETE', starters(user, '/fi')),
      await ask(user, 'PATCH', starters(user, '/fi'), { message: 'x' }),
      await ask(user, 'PUT', starters(user, '/fi'), { message: 'x', language_code: 'fi' }),
      await ask(user, 'PATCH', starters(user, '/no%20language'), { message: 'x' }),
    ];
    for (const answer of missing) {
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Conversation starter not found.' }]);
    }
  });

  it('are listed oldest first, page by page', async () => {
    const user = await enroll();
    const codes = ['sv', 'en', 'fi', 'de'];
    for (const language_code of codes) await add(user, { language_code, message: 'x' });
    await testEnv.DB.batch(
      codes.map((code, place) =>
        testEnv.DB.prepare(
          'UPDATE conversation_starters SET created_at = ? WHERE user_id = ? AND language_code = ?',
        ).bind(1000 + Math.min(place, 2), user.user_id, code),
      ),
    );
    const all = ['sv', 'en', 'de', 'fi'];
    expect(codesOf(await ask(user, 'GET', starters(user)))).toEqual(all);
    const first = await ask(user, 'GET', starters(user, '?page_size=3'));
    const second = await ask(user, 'GET', String(first.json['next']));
    expect([codesOf(first), codesOf(second), second.json['next']]).toEqual([all.slice(0, 3), all.slice(3), null]);
    expect(codesOf(await ask(user, 'GET', String(second.json['previous'])))).toEqual(all.slice(0, 3));
    for (const query of ['?cursor=x', '?page_size=x']) {
      expect((await ask(user, 'GET', starters(user, query))).status).toBe(400);
    }
  });

  it('are one for each language, even when many are added at the same time', async () => {
    const user = await enroll();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, place) =>
        add(user, { language_code: place % 2 === 0 ? 'pt-BR' : 'PT-br', message: String(place) }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.map(({ status, json }) => [status, json])).toEqual(Array.from({ length: 7 }, () => [400, TAKEN]));
    const [kept] = answers.filter(({ status }) => status === 201);
    expect(resultsOf(await ask(user, 'GET', starters(user)))).toEqual([kept?.json]);
  });

  it('cannot change to a language that is taken, but may change its case', async () => {
    const user = await enroll();
    await add(user, { language_code: 'fi', message: 'a' });
    await add(user, { language_code: 'sv', message: 'b' });
    for (const method of ['PATCH', 'PUT']) {
      const refused = await ask(user, method, starters(user, '/sv'), { language_code: 'FI', message: 'c' });
      expect([refused.status, refused.json]).toEqual([400, TAKEN]);
    }
    expect(resultsOf(await ask(user, 'GET', starters(user)))).toMatchObject([{ message: 'a' }, { message: 'b' }]);
    const renamed = await ask(user, 'PATCH', starters(user, '/sv'), { language_code: 'SV' });
    expect([renamed.status, renamed.json]).toEqual([
      200,
      expect.objectContaining({ language_code: 'SV', message: 'b' }),
    ]);
  });

  it.each(['en', 'zh-Hant-TW', 'i-klingon', 'x-whatever', 'sgn-CH-de', 'abcdefgh'])(
    'accept the code %s',
    async (code) => {
      const user = await enroll();
      expect((await add(user, { language_code: code, message: 'x'.repeat(2000) })).status).toBe(201);
    },
  );

  it.each(['', 'e1', 'en_GB', 'abcdefghi', 'en-', '-en', 'en-abcdefghi', 'en gb', 7, null])(
    'refuse the code %s',
    async (code) => {
      const refused = await add(callers.owner, { language_code: code, message: 'x' });
      expect([refused.status, Object.keys(refused.json)]).toEqual([400, ['language_code']]);
    },
  );

  it('refuse missing and invalid fields', async () => {
    const { owner } = callers;
    expect((await add(owner, {})).json).toEqual({
      language_code: ['This field is required.'],
      message: ['This field is required.'],
    });
    await add(owner, { language_code: 'et', message: 'Tere' });
    for (const message of ['', ' ', 'x'.repeat(2001), null, 7]) {
      for (const refused of [
        await add(owner, { language_code: 'lv', message }),
        await ask(owner, 'PATCH', starters(owner, '/et'), { message }),
      ]) {
        expect([refused.status, Object.keys(refused.json)]).toEqual([400, ['message']]);
      }
    }
    expect((await ask(owner, 'PUT', starters(owner, '/et'), { message: 'x' })).json).toEqual({
      language_code: ['This field is required.'],
    });
    expect((await ask(owner, 'GET', starters(owner, '/et'))).json).toMatchObject({ message: 'Tere' });
  });

  it('are safe', async () => {
    const all = (id: string) => `/api/v5/users/${id}/chat_conversation_starters`;
    const one = (id: string) => `${all(id)}/et`;
    const body = { language_code: 'et', message: 'x' };
    await expectOwn({ method: 'GET', path: all }, callers);
    await expectOwn({ method: 'POST', path: all, body }, callers);
    for (const method of ['GET', 'DELETE']) await expectOwn({ method, path: one }, callers);
    for (const method of ['PUT', 'PATCH']) await expectOwn({ method, path: one, body }, callers);
  });
});
