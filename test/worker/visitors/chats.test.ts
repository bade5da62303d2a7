import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { setVisitorVariable } from '../../../src/directory/visitors.ts';
import { QUOTAS } from '../../../src/resources/quotas.ts';
import { passTime } from '../../support/worker/clock.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { arrive, ask, leave, resultsOf, unique } from '../../support/worker/organization.ts';
import { organizationDatabase } from '../../support/worker/organization-database.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import { call } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const chats = (visitor: Visitor, path = '') => visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats${path}`);
const end = (visitor: Visitor, chatId: string, body: unknown = { is_ended: true }, method = 'PATCH') =>
  visit(visitor.token, method, `/visitors/${visitor.id}/chats/${chatId}`, body);

/** The visitor's name as a chat shows it. */
async function nameIn(visitor: Visitor, chat: unknown): Promise<unknown> {
  const memberships = resultsOf(await chats(visitor, `/${(chat as { id: string }).id}/memberships`));
  return memberships.find(({ member_id }) => member_id === visitor.id)?.['member_public_name'];
}

const CHAT_KEYS = `id token chat_type created_at updated_at ended_at waiting_started_at room_id room_organization_id is_autosuggested
  is_encrypted is_waiting is_ended message_count user_message_count visitor_message_count has_messages has_user_messages
  has_visitor_messages first_visitor_message_url first_visitor_message_url_title autosuggest_url autosuggest_url_title member_count
  user_member_count visitor_member_count present_participant_count present_user_participant_count present_visitor_participant_count`;

describe('a chat that a visitor starts', () => {
  it('shows only public facts', async () => {
    const visitor = await site.visitor();
    const answer = await site.openChat(visitor);
    expect([answer.status, Object.keys(answer.json).sort()]).toEqual([201, CHAT_KEYS.trim().split(/\s+/).sort()]);
    const members = await ask(
      site.integrator,
      'GET',
      `/orgs/${site.organizationId}/owned_chats/${answer.json['id']}/memberships`,
    );
    expect(resultsOf(members)).toEqual([
      expect.objectContaining({ member_id: visitor.id, member_type: 'visitor', is_participating: true }),
    ]);
  });

  it('is resumed while it is open', async () => {
    const own = await Site.open();
    await own.setRoom({ is_task_allowed: true });
    const visitor = await own.visitor();
    const first = await own.openChat(visitor);
    const second = await own.openChat(visitor, { chat_type: 'task' });
    expect([second.status, second.json['id'], second.json['chat_type']]).toEqual([200, first.json['id'], 'visitor']);
    await end(visitor, String(first.json['id']));
    const third = await own.openChat(visitor, { chat_type: 'task' });
    expect([third.status, third.json['chat_type'], third.json['id'] === first.json['id']]).toEqual([
      201,
      'task',
      false,
    ]);
  });

  it.each(['task', 'external'])('may be of the type %s only if the room allows that one', async (chat_type) => {
    const own = await Site.open();
    const other = chat_type === 'task' ? 'external' : 'task';
    const visitor = await own.visitor();
    const refused = [400, { chat_type: ['Visitors may not start chats of this type in the room.'] }];
    const open = async (type: string) => {
      const answer = await own.openChat(visitor, { chat_type: type });
      return [answer.status, answer.status === 201 ? answer.json['chat_type'] : answer.json];
    };
    expect([await open(chat_type), await open(other)]).toEqual([refused, refused]);
    await own.setRoom({ [`is_${chat_type}_allowed`]: true });
    expect(await open(other)).toEqual(refused);
    expect(await open(chat_type)).toEqual([201, chat_type]);
    // Agents choose any type.
    const path = `/users/${own.agent.user_id}/rooms/${own.roomId}/visitors/${(await own.visitor()).id}/chats`;
    expect((await ask(own.agent, 'POST', path, { chat_type: other })).json).toMatchObject({ chat_type: other });
  });

  it('cannot be of another type', async () => {
    const visitor = await site.visitor();
    for (const chat_type of ['operator', 'group', '', 7, null]) {
      const answer = await site.openChat(visitor, { chat_type });
      expect([answer.status, answer.json]).toEqual([400, { chat_type: [expect.any(String)] }]);
    }
    expect(resultsOf(await chats(visitor))).toEqual([]);
  });

  it('is the same as the one that an agent has opened, and the other way round', async () => {
    const visitor = await site.visitor();
    const path = `/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
    const byAgent = await ask(site.agent, 'POST', path);
    const own = await site.openChat(visitor);
    expect([own.status, own.json['id']]).toEqual([200, byAgent.json['id']]);
    const again = await ask(site.agent, 'POST', path);
    expect([again.status, again.json['id']]).toEqual([200, own.json['id']]);
  });

  it('is another one in another room', async () => {
    const visitor = await site.visitor();
    const first = await site.chat(visitor);
    const room = `/orgs/${site.organizationId}/rooms/${await newRoom(site.organizationId)}`;
    await visit(visitor.token, 'POST', `${room}/visitors`, { id: visitor.id });
    const second = await site.openChat(visitor, {}, room);
    expect(second.status).toBe(201);
    expect(resultsOf(await chats(visitor)).map(({ id }) => id)).toEqual([first, second.json['id']]);
    const ofRoom = await ask(site.integrator, 'GET', site.orgRoom(`/visitors/${visitor.id}/chats`));
    expect(resultsOf(ofRoom).map(({ id }) => id)).toEqual([first]);
  });

  it('needs a room of the organization and a visitor who has visited it', async () => {
    const other = await Site.open();
    const visitor = await authenticate(site.organizationId);
    expect([(await site.openChat(visitor)).status, (await site.openChat(visitor)).json]).toEqual([
      404,
      { detail: 'Visitor not found.' },
    ]);
    const foreign = await site.openChat(visitor, {}, `/orgs/${site.organizationId}/rooms/${other.roomId}`);
    expect([foreign.status, foreign.json]).toEqual([404, { detail: 'Room not found.' }]);
  });

  it('needs an online user if the room requires it', async () => {
    const own = await Site.open();
    await own.setRoom({ require_online: true });
    const visitor = await own.visitor();
    const refused = await own.openChat(visitor);
    expect([refused.status, refused.json]).toEqual([409, { detail: 'Nobody is online in this room.' }]);
    expect(resultsOf(await chats(visitor))).toEqual([]);
    await arrive(own.agent);
    expect((await own.openChat(visitor)).status).toBe(201);
    await leave(own.agent);
    expect((await own.openChat(visitor)).status).toBe(200);
    expect((await own.openChat(await own.visitor())).status).toBe(409);
  });

  it('leaves the variable `username` as it was set, also when an agent opens it', async () => {
    for (const opens of ['visitor', 'agent']) {
      const visitor = await site.visitor();
      await site.setVariable(visitor, 'username', 'Ann');
      const variable = () => ask(site.integrator, 'GET', site.orgRoom(`/visitors/${visitor.id}/variables/username`));
      const { json } = await variable();
      const path = `/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
      const opened = opens === 'agent' ? await ask(site.agent, 'POST', path) : await site.openChat(visitor);
      expect(opened.status).toBe(201);
      expect(await nameIn(visitor, opened.json)).toBe('Ann');
      expect((await variable()).json).toEqual(json);
    }
  });

  it('does not restore an older name that was read before another was set', async () => {
    const visitor = await site.visitor();
    await site.setVariable(visitor, 'username', 'Ann');
    // The presence of the visitor is slow.
    const keepClient = async () => {
      await site.setVariable(visitor, 'username', 'Bea');
    };
    const USERS = { getByName: () => ({ keepClient }) } as unknown as Env['USERS'];
    const path = `${site.room}/visitors/${visitor.id}/chats`;
    const opened = await visit(visitor.token, 'POST', path, {}, { env: { USERS } });
    expect(opened.status).toBe(201);
    expect(await nameIn(visitor, opened.json)).toBe('Bea');
    const variables = await ask(site.integrator, 'GET', site.orgRoom(`/visitors/${visitor.id}/variables`));
    expect(resultsOf(variables)).toMatchObject([{ key: 'username', value: 'Bea' }]);
  });

  it('does not restore an older name when an agent opens it', async () => {
    const visitor = await site.visitor();
    await site.setVariable(visitor, 'username', 'Ann');
    const chatsOf = (method: string) =>
      call(`/api/v5/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`, {
        method,
        authorization: `Bearer ${site.agent.token}`,
        env: { AUTH_CACHE_SECONDS: '3600' },
      });
    expect((await chatsOf('GET')).status).toBe(200);
    // As another isolate does, without informing this one.
    const database = organizationDatabase(noCost());
    const name = { key: 'username', value: 'Bea' };
    await setVisitorVariable(database, site.organizationId, visitor.id, name, QUOTAS.visitor_variables, Date.now());
    const opened = await chatsOf('POST');
    expect(opened.status).toBe(201);
    expect(await nameIn(visitor, opened.json)).toBe('Bea');
    const variables = await ask(site.integrator, 'GET', site.orgRoom(`/visitors/${visitor.id}/variables`));
    expect(resultsOf(variables)).toMatchObject([{ key: 'username', value: 'Bea' }]);
  });

  it('is private if the organization’s setting says so', async () => {
    const own = await Site.open();
    await setOrganization(own.organizationId, { private_chats: true });
    const chatId = await own.chat(await own.visitor());
    expect(await own.ownedChat(chatId)).toMatchObject({ is_private: true });
  });

  it('keeps the visitor present for as long as they last requested', async () => {
    const visitor = await site.visitor({ presence_expires_in: 1000 });
    passTime(900_000);
    await site.chat(visitor);
    passTime(200_000);
    const shown = await ask(site.agent, 'GET', site.orgRoom(`/visitors/${visitor.id}`));
    expect(shown.json).toMatchObject({ is_present: true });
  });
});

describe('the chats of a visitor', () => {
  it('are their own, oldest first unless ordered otherwise', async () => {
    const visitor = await site.visitor();
    await site.chat(await site.visitor());
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.push(await site.chat(visitor));
      if (count < 2) await end(visitor, ids.at(-1) ?? '');
    }
    const idsOf = async (query: string) => resultsOf(await chats(visitor, query)).map(({ id }) => id);
    expect(await idsOf('')).toEqual(ids);
    expect(await idsOf('?ordering=-created_at')).toEqual(ids.toReversed());
    expect(await idsOf('?is_ended=false')).toEqual(ids.slice(2));
    const first = await chats(visitor, '?page_size=2');
    const second = await visit(visitor.token, 'GET', String(first.json['next']).replace(/^.*\/public/, ''));
    expect([...resultsOf(first), ...resultsOf(second)].map(({ id }) => id)).toEqual(ids);
    for (const query of ['?cursor=x', '?ordering=x', '?is_ended=x', '?page_size=0']) {
      expect([query, (await chats(visitor, query)).status]).toEqual([query, 400]);
    }
  });

  it('are read one by one', async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const answer = await chats(visitor, `/${chatId}`);
    expect([answer.status, answer.json]).toEqual([200, expect.objectContaining({ id: chatId, is_ended: false })]);
    for (const id of ['nonsense', '0190a000-0000-7000-8000-00000000dead', crypto.randomUUID()]) {
      const missing = await chats(visitor, `/${id}`);
      expect([missing.status, missing.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });
});

describe('the end of a chat by its visitor', () => {
  it.each(['PUT', 'PATCH'])('happens by %s, and only once', async (method) => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const ended = await end(visitor, chatId, { is_ended: true }, method);
    expect([ended.status, ended.json]).toMatchObject([200, { is_ended: true, present_visitor_participant_count: 0 }]);
    const again = await end(visitor, chatId, { is_ended: true }, method);
    expect([again.status, again.json['ended_at']]).toEqual([200, ended.json['ended_at']]);
  });

  it('is the only change that they can make', async () => {
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    await site.say(visitor, chatId, unique('hello'));
    for (const [body, message] of [
      [{}, 'This field is required.'],
      [{ is_waiting: false }, 'This field is required.'],
      [{ is_ended: false }, 'Only true is allowed here.'],
      [{ is_ended: null }, 'Only true is allowed here.'],
      [{ is_ended: 'x' }, 'Only true is allowed here.'],
    ] as const) {
      const answer = await end(visitor, chatId, body);
      expect([answer.status, answer.json]).toEqual([400, { is_ended: [message] }]);
    }
    expect(await site.ownedChat(chatId)).toMatchObject({ is_ended: false, is_waiting: true });
  });
});
