import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { findChannelThread } from '../../../src/delivery/channel-threads.ts';
import { threadName } from '../../../src/domain/address.ts';
import { eventually } from '../../support/eventually.ts';
import { type Json, TestOrganization, TIME, UUID, unique } from '../../support/worker/organization.ts';
import { organizationDatabase } from '../../support/worker/organization-database.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const read = (thread: string) => org.request('GET', `/threads/${encodeURIComponent(thread)}`);

/** The thread once D1's copy has it like this. */
async function copied(thread: string, like: Json = {}): Promise<Json> {
  return await eventually(async () => {
    const answer = await read(thread);
    expect([answer.status, answer.json]).toEqual([200, expect.objectContaining(like)]);
    return answer.json;
  });
}

describe('one thread of a channel', () => {
  it('is found by the id of its messages, whatever characters it has', async () => {
    for (const thread of [unique('thread'), `${unique('a b')}/c?d=%2F&ä#1`]) {
      const { chatId } = await org.say(thread, 'Where is my order?');
      expect(await copied(thread)).toEqual({
        mapping_id: UUID,
        thread_id: thread,
        current_chat_id: chatId,
        is_ended: false,
        created_at: TIME,
        last_activity_at: TIME,
      });
    }
  });

  it('has its newest session, also an ended one', async () => {
    const thread = unique('thread');
    const first = await org.say(thread, 'one');
    const opened = await copied(thread);
    await org.close(thread);
    const ended = await copied(thread, { is_ended: true });
    expect(ended['current_chat_id']).toBe(first.chatId);
    const second = await org.say(thread, 'two');
    const again = await copied(thread, { current_chat_id: second.chatId });
    expect(again).toMatchObject({ mapping_id: opened['mapping_id'], is_ended: false });
  });

  it('is 404 when the channel has no such thread', async () => {
    const thread = unique('thread');
    await org.say(thread, 'hello');
    await copied(thread);
    for (const other of [`${thread}x`, thread.toUpperCase(), 'x'.repeat(600)]) {
      const answer = await org.request('GET', `/threads/${other}`);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Thread not found.' }]);
    }
    const stranger = await TestOrganization.open();
    expect((await stranger.request('GET', `/threads/${thread}`)).json).toEqual({ detail: 'Thread not found.' });
  });

  it('is not that of another channel or organization whose object happens to have the name, and costs two rows', async () => {
    const thread_id = unique('thread');
    await org.say(thread_id, 'hello');
    await copied(thread_id);
    const { channelId } = org;
    const { organizationId } = org.gateway;
    const thread = threadName({ kind: 'channel', channel_id: channelId, thread_id });
    const cost = noCost();
    const database = organizationDatabase(cost);
    expect(await findChannelThread(database, organizationId, channelId, { thread, thread_id })).not.toBeNull();
    expect([cost.d1.trips, cost.d1.rowsRead]).toEqual([1, 2]);
    expect(await findChannelThread(database, organizationId, 'other', { thread, thread_id })).toBeNull();
    expect(await findChannelThread(database, 'other', channelId, { thread, thread_id })).toBeNull();
    expect(await findChannelThread(database, organizationId, channelId, { thread, thread_id: 'other' })).toBeNull();
  });
});
