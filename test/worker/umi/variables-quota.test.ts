import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json, resultsOf, TestOrganization, unique, visitorSays } from '../../support/worker/organization.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import { testEnv } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  await setOrganization(org.organizationId, { visitor_variables_quota: 3 });
});

const REFUSED = [409, { detail: expect.stringContaining('3') }];

/** The answer to a message with variables. The same text in a thread is the same message. */
const send = async (threadId: string, body: string, variables: Json) => {
  const messages = [visitorSays(threadId, body, { message_id: body })];
  const { status, json } = await org.post({ messages, variables });
  return [status, status === 201 ? json['messages_created'] : json];
};

/** The object of a thread, as `run` sees its tables. */
const inThread = <Result>(threadId: string, run: (sql: SqlStorage) => Result) => {
  const name = threadName({ kind: 'channel', channel_id: org.channelId, thread_id: threadId });
  return runInDurableObject(testEnv.THREADS.getByName(name), (_, { storage }) => run(storage.sql));
};

describe('the quota of a visitor’s variables', () => {
  it('holds for requests of channels too: a new key above it refuses the request, and known keys change', async () => {
    const threadId = unique('thread');
    expect(await send(threadId, 'none', { a: '1', b: '1', c: '1', d: '1' })).toEqual(REFUSED);
    expect(await send(threadId, 'first', { a: '1', b: '1' })).toEqual([201, 1]);
    expect(await send(threadId, 'second', { b: '2', c: '1' })).toEqual([201, 1]);
    expect(await send(threadId, 'third', { d: '1' })).toEqual(REFUSED);
    expect(await send(threadId, 'third', { a: '3', c: '3' })).toEqual([201, 1]);
    expect(await send(threadId, 'fourth', {})).toEqual([201, 1]);
    // A repeat is no new request, whatever it names.
    expect(await send(threadId, 'fourth', { d: '1' })).toEqual([201, 0]);
    const { chatId } = await org.say(threadId, 'fifth');
    const texts = (await org.messages(chatId, '?type__in=msg')).map(({ message }) => message);
    expect(texts).toEqual(['first', 'second', 'third', 'fourth', 'fifth']);
    const [visitor] = await org.memberships(chatId);
    const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors/${visitor?.['member_id']}/variables`;
    await eventually(async () => {
      const shown = resultsOf(await ask(org.agent, 'GET', path)).map(({ key, value }) => [key, value]);
      expect(shown).toEqual([
        ['a', '3'],
        ['b', '2'],
        ['c', '3'],
      ]);
    });
    // Over REST all keys count.
    expect((await ask(org.agent, 'POST', path, { key: 'd', value: '1' })).status).toBe(409);
  });

  it('counts what a thread has got before keys were kept, and reads only the keys of the request once they are', async () => {
    const threadId = unique('thread');
    await send(threadId, 'first', { a: '1', b: '1' });
    await inThread(threadId, (sql) => sql.exec('DROP TABLE variable_keys'));
    expect(await send(threadId, 'second', { c: '1', d: '1' })).toEqual(REFUSED);
    expect(await send(threadId, 'second', { a: '2', c: '1' })).toEqual([201, 1]);
    const keys = await inThread(threadId, (sql) => sql.exec('SELECT key FROM variable_keys ORDER BY key').toArray());
    expect(keys).toEqual([{ key: 'a' }, { key: 'b' }, { key: 'c' }]);
    expect(await send(threadId, 'third', { d: '1' })).toEqual(REFUSED);
  });
});
