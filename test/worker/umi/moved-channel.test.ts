import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask, enrollAgent, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let integrator: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  integrator = await enrollAgent(org.organizationId, {}, ['settings', 'reports']);
});

const moveTo = async (room_id: string) =>
  expect((await org.request('PATCH', '', { body: { room_id } })).json).toMatchObject({ room_id });

/** The id of the visitor of a chat. */
async function visitorOf(chatId: string): Promise<string> {
  const members = await org.memberships(chatId);
  return String(members.find(({ member_type }) => member_type === 'visitor')?.['member_id']);
}

describe('a channel that has moved to another room', () => {
  it('starts the next session there, with the visitor, their variables and their chats', async () => {
    const thread = unique('thread');
    const first = await org.say(thread, 'one', { variables: { username: 'Jane', tier: 'gold' } });
    const visitor = await visitorOf(first.chatId);
    const room = await newRoom(org.organizationId);
    await moveTo(room);
    const inRoom = (id: string, path = '') =>
      ask(integrator, 'GET', `${org.organizationPath}/rooms/${id}/visitors/${visitor}${path}`);

    // The open session stays where it began.
    expect((await org.say(thread, 'two')).chatId).toBe(first.chatId);
    expect((await inRoom(room)).status).toBe(404);

    await org.close(thread);
    const next = await org.say(thread, 'three');
    expect(await org.chat(next.chatId)).toMatchObject({ room_id: room });
    expect(await visitorOf(next.chatId)).toBe(visitor);
    const expectKnown = async () => {
      for (const [id, chat] of [
        [room, next.chatId],
        [org.gateway.roomId, first.chatId],
      ] as const) {
        expect((await inRoom(id)).json).toMatchObject({ id: visitor });
        const variables = resultsOf(await inRoom(id, '/variables')).map(({ key, value }) => [key, value]);
        expect(variables).toEqual([
          ['tier', 'gold'],
          ['username', 'Jane'],
        ]);
        expect(resultsOf(await inRoom(id, '/chats')).map((each) => each['id'])).toContain(chat);
      }
    };
    await expectKnown();
    const changed = await ask(
      integrator,
      'PATCH',
      `${org.organizationPath}/rooms/${room}/visitors/${visitor}/variables/tier`,
      { value: 'silver' },
    );
    expect(changed.status).toBe(200);
    await ask(integrator, 'PATCH', `${org.organizationPath}/rooms/${room}/visitors/${visitor}/variables/tier`, {
      value: 'gold',
    });

    // As when the sessions began before this version.
    await organizationD1.prepare('DELETE FROM visitors WHERE id = ?').bind(visitor).run();
    await threadStub(env as unknown as Env, threadNameOfChat(next.chatId) ?? '').rebuild({ v: 1 });
    await expectKnown();
    await moveTo(org.gateway.roomId);
  });
});
