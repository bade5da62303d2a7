import { beforeAll, describe, expect, it } from 'vitest';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask, resultsOf, TestOrganization, TIME, unique, visitorSays } from '../../support/worker/organization.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
});

const at = (who: { id: string }, key?: string) =>
  site.orgRoom(`/visitors/${who.id}/variables${key === undefined ? '' : `/${encodeURIComponent(key)}`}`);
const request = (method: string, path: string, body?: unknown) => ask(site.integrator, method, path, body);
const set = (key: string, value: string, who: { id: string } = visitor) => request('POST', at(who), { key, value });

describe('a variable of a visitor', () => {
  it('is set, read, changed and deleted under any key', async () => {
    for (const key of ['Sää', 'a/b?c#d', ' %2F', '👋']) {
      const made = await set(key, '12 °C');
      expect([made.status, made.json]).toEqual([201, { key, value: '12 °C', created_at: TIME, updated_at: TIME }]);
      const again = await set(key, '');
      expect([again.status, again.json]).toMatchObject([200, { key, value: '', created_at: made.json['created_at'] }]);
      for (const method of ['PUT', 'PATCH']) {
        const changed = await request(method, at(visitor, key), { value: method });
        expect([changed.status, changed.json]).toMatchObject([200, { key, value: method }]);
      }
      expect((await request('GET', at(visitor, key))).json).toMatchObject({ key, value: 'PATCH' });
      const deleted = await request('DELETE', at(visitor, key));
      expect([deleted.status, deleted.text]).toEqual([204, '']);
      for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { value: 'x' }]] as const) {
        const missing = await request(method, at(visitor, key), body);
        expect([missing.status, missing.json]).toEqual([404, { detail: 'Visitor variable not found.' }]);
      }
      expect((await set(key, 'back')).status).toBe(201);
      await request('DELETE', at(visitor, key));
    }
    expect(resultsOf(await request('GET', at(visitor)))).toEqual([]);
  });

  it.each([
    ['no key', { value: 'x' }, 'key'],
    ['a blank key', { key: ' ', value: 'x' }, 'key'],
    ['a key that is too long', { key: 'x'.repeat(256), value: 'x' }, 'key'],
    ['a key that cannot be part of a URL', { key: '.', value: 'x' }, 'key'],
    ['another such key', { key: '..', value: 'x' }, 'key'],
    ['a reserved key', { key: '__proto__', value: 'x' }, 'key'],
    ['no value', { key: 'x' }, 'value'],
    ['null', { key: 'x', value: null }, 'value'],
    ['a number', { key: 'x', value: 7 }, 'value'],
    ['a value that is too long', { key: 'x', value: 'x'.repeat(10_001) }, 'value'],
    ['a blank name', { key: 'username', value: ' ' }, 'value'],
  ])('is refused with %s', async (_, body, field) => {
    const answer = await request('POST', at(visitor), body);
    expect([answer.status, answer.json]).toEqual([400, { [field]: [expect.any(String)] }]);
  });

  it('is the same under the visitor’s id in upper case', async () => {
    await set('case', 'x');
    const shouted = { id: visitor.id.toUpperCase() };
    const seen = await request('GET', at(visitor, 'case'));
    expect((await request('GET', at(shouted, 'case'))).json).toEqual(seen.json);
    expect((await set('case', 'y', shouted)).json).toMatchObject({ value: 'y', created_at: seen.json['created_at'] });
    const place = (who: { id: string }) => `/rooms/${site.roomId}/visitors/${who.id}`;
    for (const path of [
      site.orgRoom(`/visitors/${shouted.id}`),
      `/users/${site.integrator.user_id}${place(shouted)}`,
    ]) {
      const answer = await request('GET', path);
      expect([answer.status, answer.json['id']]).toEqual([200, visitor.id]);
    }
    expect((await request('DELETE', at(shouted, 'case'))).status).toBe(204);
  });

  it('needs a visitor of the room', async () => {
    const other = await Site.open();
    const stranger = await other.visitor();
    for (const path of [
      at(stranger),
      at({ id: 'nobody' }),
      `/orgs/${site.organizationId}/rooms/${other.roomId}/visitors/${stranger.id}/variables`,
    ]) {
      for (const [method, body] of [['GET'], ['POST', { key: 'x', value: 'x' }]] as const) {
        expect((await request(method, path, body)).status).toBe(404);
      }
      for (const [method, body] of [['GET'], ['DELETE'], ['PUT', { value: 'x' }]] as const) {
        expect((await request(method, `${path}/x`, body)).status).toBe(404);
      }
    }
  });
});

describe('the rules of a variable', () => {
  it.each([
    ['.', 'x'],
    ['..', 'x'],
    ['__proto__', 'x'],
    [' ', 'x'],
    ['x'.repeat(255), 'x'.repeat(10_000)],
    ['x'.repeat(256), 'x'],
    ['x', 'x'.repeat(10_001)],
    ['x', ''],
    ['username', ' '],
    ['username', 'Ann'],
    ['...', 'x'],
  ])('are the same in its own API and through a channel, for %j and %j', async (key, value) => {
    const org = await TestOrganization.open();
    const { chatId } = await org.say(unique('thread'), 'hi');
    const who = String((await org.memberships(chatId))[0]?.['member_id']);
    const path = `/orgs/${org.organizationId}/rooms/${org.gateway.roomId}/visitors/${who}/variables`;
    const own = await ask(org.agent, 'POST', path, { key, value });
    // As JSON text, because an object literal would not keep `__proto__` as a key.
    const variables = JSON.parse(`{${JSON.stringify(key)}: ${JSON.stringify(value)}}`);
    const sent = await org.post({ messages: [visitorSays(unique('thread'), 'hi')], variables });
    const problem = own.json['key'] ?? own.json['value'];
    if (own.status === 201) expect(sent.status).toBe(201);
    else expect([own.status, sent.status, Object.values(sent.json['variables'] ?? {})]).toEqual([400, 400, [problem]]);
  });
});

describe('the variable username', () => {
  const memberName = async (chatId: string) => {
    const members = await request('GET', `/orgs/${site.organizationId}/owned_chats/${chatId}/memberships`);
    return resultsOf(members)[0]?.['member_name'];
  };

  it('names the visitor in the open chat and in later ones, until it is deleted', async () => {
    const who = await site.visitor();
    const chatId = await site.chat(who);
    expect(await memberName(chatId)).toBeNull();
    await set('username', 'Ann', who);
    expect(await memberName(chatId)).toBe('Ann');
    expect((await site.say(who, chatId, 'hello')).json).toMatchObject({ sender_public_name: 'Ann' });
    await request('PATCH', at(who, 'username'), { value: 'Bea' });
    expect(await memberName(chatId)).toBe('Bea');
    await visit(who.token, 'PATCH', `/visitors/${who.id}/chats/${chatId}`, { is_ended: true });
    await set('username', 'Cid', who);
    const next = await site.chat(who);
    expect(await memberName(next)).toBe('Cid');
    expect(resultsOf(await request('GET', at(who)))).toMatchObject([{ key: 'username', value: 'Cid' }]);
    expect((await request('DELETE', at(who, 'username'))).status).toBe(204);
    expect(await memberName(next)).toBeNull();
    expect(resultsOf(await request('GET', at(who)))).toEqual([]);
  });

  it('names the visitor in every room, whichever room it was set in', async () => {
    const who = await site.visitor();
    const here = await site.chat(who);
    const room = `/orgs/${site.organizationId}/rooms/${await newRoom(site.organizationId)}`;
    await visit(who.token, 'POST', `${room}/visitors`, { id: who.id });
    const there = String((await site.openChat(who, {}, room)).json['id']);
    const names = async () => [await memberName(here), await memberName(there)];
    await set('username', 'Ann', who);
    expect(await names()).toEqual(['Ann', 'Ann']);
    expect((await site.say(who, there, 'hello')).json).toMatchObject({ sender_public_name: 'Ann' });
    await request('PATCH', at(who, 'username'), { value: 'Bea' });
    expect(await names()).toEqual(['Bea', 'Bea']);

    await visit(who.token, 'PATCH', `/visitors/${who.id}/chats/${there}`, { is_ended: true });
    expect((await request('DELETE', at(who, 'username'))).status).toBe(204);
    expect(await memberName(here)).toBeNull();
    expect(await memberName(String((await site.openChat(who, {}, room)).json['id']))).toBeNull();
    expect(resultsOf(await request('GET', at(who)))).toEqual([]);
  });

  it('names a visitor of a channel too, until the channel sends another name', async () => {
    const org = await TestOrganization.open();
    const place = await Site.at(org);
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'hi', { variables: { username: 'Ann', tier: 'gold' } });
    const [member] = await org.memberships(chatId);
    const who = { id: String(member?.['member_id']) };
    expect((await place.setVariable(who, 'username', 'Bea')).status).toBe(200);
    expect((await org.memberships(chatId))[0]).toMatchObject({ member_name: 'Bea' });
    await org.say(thread, 'again', { variables: { username: 'Cid' } });
    const path = place.orgRoom(`/visitors/${who.id}/variables`);
    expect(resultsOf(await ask(place.integrator, 'GET', path))).toMatchObject([
      { key: 'tier', value: 'gold' },
      { key: 'username', value: 'Cid' },
    ]);
    expect((await org.memberships(chatId))[0]).toMatchObject({ member_name: 'Cid' });
  });
});
