import { beforeAll, describe, expect, it } from 'vitest';
import { CHAT_KEYS, keysOf } from '../../support/worker/chat-keys.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import {
  ask,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { admin } from '../../support/worker/requests.ts';

let org: TestOrganization;
let other: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  other = await TestOrganization.open();
});

const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';
const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);

describe('the pending chats of a room', () => {
  const pending = (own: TestOrganization, query = '', room = own.gateway.roomId, person = own.reporter) =>
    ask(person, 'GET', `${own.organizationPath}/rooms/${room}/pending_chats${query}`);

  it('are those that wait and have no present user', async () => {
    const own = await TestOrganization.open();
    const [a, b, c] = [unique('thread'), unique('thread'), unique('thread')];
    const waiting = (await own.say(a, 'help')).chatId;
    const answered = (await own.say(b, 'help')).chatId;
    await own.say(c, 'newsletter', { skip_waiting_state: true });
    await own.say(unique('thread'), 'over', { close_session: true });
    await own.send([visitorSays('mixed', 'q'), own.userSays('mixed', 'a')]);
    expect(idsOf(await pending(own))).toEqual([answered, waiting]);
    await own.join(own.agent, answered);
    const answer = await pending(own);
    expect([answer.status, idsOf(answer)]).toEqual([200, [waiting]]);
    expect(keysOf(resultsOf(answer)[0])).toEqual(CHAT_KEYS);
    expect(resultsOf(answer)[0]).toEqual(await own.chat(waiting));
    await own.join(own.agent, answered, { is_participating: false, composing_status: 'idle' });
    expect(idsOf(await pending(own))).toEqual([answered, waiting]);
    await own.send([own.userSays(b, 'done')]);
    await own.close(a);
    expect(idsOf(await pending(own))).toEqual([]);
  });

  it('are newest first, page by page', async () => {
    const own = await TestOrganization.open();
    const chats: string[] = [];
    for (let place = 0; place < 5; place++) chats.push((await own.say(unique('thread'), 'help')).chatId);
    expect(idsOf(await pending(own, '?ordering=created_at'))).toEqual(chats);
    const first = await pending(own, '?page_size=3');
    const second = await ask(own.reporter, 'GET', String(first.json['next']));
    const newestFirst = [...chats].reverse();
    expect([idsOf(first), idsOf(second)]).toEqual([newestFirst.slice(0, 3), newestFirst.slice(3)]);
    expect(idsOf(await ask(own.reporter, 'GET', String(second.json['previous'])))).toEqual(newestFirst.slice(0, 3));
  });

  it('are only those of this room', async () => {
    const room = await newRoom(org.organizationId);
    const { chatId } = await org.say(unique('thread'), 'help');
    expect(idsOf(await pending(org, '', room))).toEqual([]);
    expect(idsOf(await pending(org))).toContain(chatId);
  });

  it('need the scope reports', async () => {
    const refused = await pending(org, '', org.gateway.roomId, org.agent);
    expect([refused.status, refused.json]).toEqual([403, { detail: expect.stringContaining('reports') }]);
  });

  it('are 404 in a room that is unknown, malformed, deleted or of another organization', async () => {
    const deleted = await newRoom(org.organizationId);
    await admin(`/organizations/${org.organizationId}/rooms/${deleted}`, { method: 'DELETE' });
    for (const room of [UNKNOWN, 'nonsense', deleted, other.gateway.roomId]) {
      const answer = await pending(org, '', room);
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });

  it('refuse a malformed page', async () => {
    for (const query of ['?ordering=x', '?page_size=x', '?cursor=x']) {
      expect((await pending(org, query)).status).toBe(400);
    }
  });
});

describe('the variables of a visitor', () => {
  const variables = (own: TestOrganization, visitor: unknown, query = '', room = own.gateway.roomId) =>
    ask(own.agent, 'GET', `${own.organizationPath}/rooms/${room}/visitors/${visitor}/variables${query}`);

  async function visitorWith(own: TestOrganization, values: Json): Promise<unknown> {
    const { chatId } = await own.say(unique('thread'), 'hi', { variables: values });
    return (await own.memberships(chatId))[0]?.['member_id'];
  }

  it('are listed by key, page by page', async () => {
    const visitor = await visitorWith(org, { b: '2', a: '1', ä: '3' });
    const answer = await variables(org, visitor);
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        next: null,
        previous: null,
        results: [
          { key: 'a', value: '1', created_at: TIME, updated_at: TIME },
          { key: 'b', value: '2', created_at: TIME, updated_at: TIME },
          { key: 'ä', value: '3', created_at: TIME, updated_at: TIME },
        ],
      },
    ]);
    const first = await variables(org, visitor, '?page_size=2');
    const second = await ask(org.agent, 'GET', String(first.json['next']));
    expect([first, second].map((page) => resultsOf(page).map(({ key }) => key))).toEqual([['a', 'b'], ['ä']]);
    expect((await variables(org, visitor, '?cursor=x')).status).toBe(400);
  });

  it('keep the time at which they were first set', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi', { variables: { a: '1' } });
    const visitor = (await org.memberships(chatId))[0]?.['member_id'];
    const [before] = resultsOf(await variables(org, visitor));
    await org.say(thread, 'hi again', { variables: { a: '2' } });
    const [after] = resultsOf(await variables(org, visitor));
    expect(after).toMatchObject({ value: '2', created_at: before?.['created_at'] });
    expect(String(after?.['updated_at']) > String(before?.['updated_at'])).toBe(true);
  });

  it('are an empty list for a visitor without any', async () => {
    const answer = await variables(org, await visitorWith(org, {}));
    expect([answer.status, resultsOf(answer)]).toEqual([200, []]);
  });

  it('are 404 for a visitor or room that is unknown or of others', async () => {
    const visitor = await visitorWith(org, { a: '1' });
    const foreign = await visitorWith(other, { secret: 'x' });
    const room = await newRoom(org.organizationId);
    for (const answer of [
      await variables(org, foreign),
      await variables(org, foreign, '', other.gateway.roomId),
      await variables(org, visitor, '', room),
      await variables(org, '0'.repeat(32)),
      await variables(org, 'nobody'),
      await variables(org, visitor, '', 'nonsense'),
    ]) {
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });
});
