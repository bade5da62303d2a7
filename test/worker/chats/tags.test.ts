import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, TAG_KEYS } from '../../support/worker/chat-keys.ts';
import { ask, type Json, resultsOf, TestOrganization, TIME, unique } from '../../support/worker/organization.ts';
import { allowTag } from '../../support/worker/organization-setup.ts';
import { call } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const DETAIL = { detail: expect.any(String) };

/** The four collections of chats whose tags can be changed, as the organization's agent reaches them. */
const COLLECTIONS = ['chats', 'owned_chats', 'involved_chats', 'routed_chats'];
const pathOf = (collection: string, chatId: string) =>
  `${collection === 'chats' ? `/users/${org.agent.user_id}` : org.organizationPath}/${collection}/${chatId}`;

async function joinedChat(): Promise<{ thread: string; chatId: string }> {
  const thread = unique('thread');
  const { chatId } = await org.say(thread, 'help');
  await org.join(org.agent, chatId);
  return { thread, chatId };
}

describe.each(COLLECTIONS)('tags of a chat under %s', (collection) => {
  const add = (chatId: string, body: unknown) => ask(org.agent, 'POST', `${pathOf(collection, chatId)}/tags`, body);
  const list = (chatId: string, query = '') => ask(org.agent, 'GET', `${pathOf(collection, chatId)}/tags${query}`);
  const one = (method: string, chatId: string, name: string) =>
    ask(org.agent, method, `${pathOf(collection, chatId)}/tags/${encodeURIComponent(name)}`);
  const namesOf = (answer: { json: Json }) => resultsOf(answer).map(({ name }) => name);

  it('are added once: 201, then 200', async () => {
    const { chatId } = await joinedChat();
    const answer = await add(chatId, { name: 'Lead' });
    expect([answer.status, keysOf(answer.json)]).toEqual([201, TAG_KEYS]);
    expect(answer.json).toEqual({
      name: 'Lead',
      created_at: TIME,
      hashed_name: 'c6f71d85aeaa3b60db80eedad5ebb75e321f3eb0',
      room_id: org.gateway.roomId,
    });
    const again = await add(chatId, { name: 'Lead' });
    expect([again.status, again.json]).toEqual([200, answer.json]);
    expect((await org.chat(chatId))['tag_count']).toBe(1);
    expect(await org.messages(chatId, '?type__in=tag_created')).toMatchObject([
      { message: 'Lead', sender_type: 'user', sender_id: org.agent.user_id },
    ]);
  });

  it('are listed oldest first, page by page, and read by name', async () => {
    const { chatId } = await joinedChat();
    for (const name of ['b', 'a', 'c']) await add(chatId, { name });
    const all = await list(chatId);
    expect([all.status, namesOf(all)]).toEqual([200, ['b', 'a', 'c']]);
    const first = await list(chatId, '?page_size=2');
    const second = await ask(org.agent, 'GET', String(first.json['next']));
    expect([namesOf(first), namesOf(second)]).toEqual([['b', 'a'], ['c']]);
    expect(namesOf(await ask(org.agent, 'GET', String(second.json['previous'])))).toEqual(['b', 'a']);
    const read = await one('GET', chatId, 'a');
    expect([read.status, read.json]).toEqual([200, resultsOf(all)[1]]);
  });

  it.each(['Lead', 'Premium customer', 'a/b', '100% sure', 'Ääniä 🙂', 'a?b#c&d=e', '%2F', ' spaced '])(
    'are removed by their encoded name: %s',
    async (name) => {
      const { chatId } = await joinedChat();
      expect((await add(chatId, { name })).json['name']).toBe(name);
      expect((await one('GET', chatId, name)).json['name']).toBe(name);
      const answer = await one('DELETE', chatId, name);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(namesOf(await list(chatId))).toEqual([]);
      const again = await one('DELETE', chatId, name);
      expect([again.status, again.json]).toEqual([404, { detail: 'Tag not found.' }]);
      expect((await one('GET', chatId, name)).status).toBe(404);
    },
  );

  it('are accepted in an ended chat', async () => {
    const { thread, chatId } = await joinedChat();
    await org.close(thread);
    expect((await add(chatId, { name: 'late' })).status).toBe(201);
    expect((await one('DELETE', chatId, 'late')).status).toBe(204);
  });

  it.each<[Json, string]>([
    [{}, 'This field is required.'],
    [{ name: '' }, 'This field may not be blank.'],
    [{ name: null }, 'This field may not be null.'],
    [{ name: 7 }, 'Not a valid string.'],
    [{ name: 'a'.repeat(256) }, 'Ensure this field has no more than 255 characters.'],
  ])('refuse %j', async (body, message) => {
    const { chatId } = await joinedChat();
    const answer = await add(chatId, body);
    expect([answer.status, answer.json]).toEqual([400, { name: [message] }]);
  });

  it('are 404 in unknown chats', async () => {
    const other = await TestOrganization.open();
    const foreign = (await other.say(unique('thread'), 'help')).chatId;
    for (const id of [foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
      for (const answer of [
        await add(id, { name: 'x' }),
        await list(id),
        await one('GET', id, 'x'),
        await one('DELETE', id, 'x'),
        await ask(org.agent, 'GET', `${pathOf(collection, id)}/allowed_tags`),
      ]) {
        expect([answer.status, answer.json]).toEqual([404, DETAIL]);
      }
    }
    expect((await other.chat(foreign))['tag_count']).toBe(0);
  });

  it('include the allowed tags of the room', async () => {
    const { chatId } = await joinedChat();
    for (const name of ['Lead', 'a/b']) await allowTag(org, name);
    const path = `${pathOf(collection, chatId)}/allowed_tags`;
    const answer = await ask(org.agent, 'GET', path);
    expect([answer.status, namesOf(answer)]).toEqual([200, ['Lead', 'a/b']]);
    for (const tag of resultsOf(answer)) expect(keysOf(tag)).toEqual(TAG_KEYS);
    const first = await ask(org.agent, 'GET', `${path}?page_size=1`);
    expect(namesOf(await ask(org.agent, 'GET', String(first.json['next'])))).toEqual(['a/b']);
    const read = await ask(org.agent, 'GET', `${path}/a%2Fb`);
    expect([read.status, read.json]).toEqual([200, resultsOf(answer)[1]]);
    const unknown = await ask(org.agent, 'GET', `${path}/c`);
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Tag not found.' }]);
    // A tag need not be an allowed one.
    expect((await add(chatId, { name: 'unheard of' })).status).toBe(201);
  });
});

describe('the name of a tag in a path', () => {
  it('that is not a valid encoding is an unknown tag', async () => {
    const { chatId } = await joinedChat();
    const answer = await call(`/api/v5${pathOf('chats', chatId)}/tags/%E0%A4`, {
      method: 'DELETE',
      authorization: `Bearer ${org.agent.token}`,
    });
    expect([answer.status, answer.json]).toEqual([404, DETAIL]);
  });
});
