import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { ask, enrollAgent, type Json, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, testEnv } from '../../support/worker/requests.ts';
import { authenticate, Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

/** The fields of a room visitor. */
const ROOM_VISITOR_KEYS = `id room_id is_present session_id explicit_priority implicit_priority visit_count device_type
  device_screen_width device_screen_height browser_name browser_version browser_language preferred_language_code os_name os_version
  user_agent ip_address ip_organization geo_city geo_country_code geo_country referrer_url referrer_hostname referrer_medium
  referrer_source original_referrer_url original_referrer_hostname original_referrer_medium original_referrer_source
  latest_page_url latest_page_canonical_url latest_page_title shopping_cart_currency shopping_cart_total_value
  shopping_cart_total_subscription_value shopping_cart_locked_at`;

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const come = (visitor: Visitor, body: Json, room = site.room, more = {}) =>
  visit(visitor.token, 'POST', `${room}/visitors`, body, more);
const stay = (visitor: Visitor, body: Json, method = 'PATCH') =>
  visit(visitor.token, method, `${site.room}/visitors/${visitor.id}`, body);
const seen = async (visitor: { id: string }) => await ask(site.agent, 'GET', site.orgRoom(`/visitors/${visitor.id}`));

function passSeconds(seconds: number): void {
  passTime(seconds * 1000);
}

const objectOf = (visitor: { id: string }) => env.USERS.getByName(`visitor/${visitor.id}`);

describe('a visitor in a room', () => {
  it('is new at first and recognized later', async () => {
    const visitor = await authenticate(site.organizationId);
    const first = await come(visitor, { id: visitor.id, presence_expires_in: 60 });
    expect([first.status, first.json]).toEqual([
      201,
      { id: visitor.id, room_id: site.roomId, presence_expires_in: 60 },
    ]);
    const second = await come(visitor, { id: visitor.id });
    expect([second.status, second.json]).toMatchObject([200, { presence_expires_in: 120 }]);
    const elsewhere = await newRoom(site.organizationId);
    const other = await come(visitor, { id: visitor.id }, `/orgs/${site.organizationId}/rooms/${elsewhere}`);
    expect([other.status, other.json]).toMatchObject([201, { room_id: elsewhere }]);
  });

  it('may only be the visitor of the token', async () => {
    const visitor = await authenticate(site.organizationId);
    const other = await authenticate(site.organizationId);
    for (const body of [{}, { id: null }, { id: other.id }, { id: 'x' }, { id: 7 }]) {
      const answer = await come(visitor, body);
      expect([answer.status, answer.json]).toEqual([400, { id: [expect.any(String)] }]);
    }
    expect((await seen(visitor)).status).toBe(404);
  });

  it('is present for as long as they request', async () => {
    const visitor = await site.visitor();
    for (const method of ['PUT', 'PATCH']) {
      const answer = await stay(visitor, { presence_expires_in: 600 }, method);
      expect([answer.status, answer.json]).toEqual([
        200,
        { id: visitor.id, room_id: site.roomId, presence_expires_in: 600 },
      ]);
    }
    for (const presence_expires_in of [undefined, null, 0, 86_401, 1.5, 'x']) {
      const answer = await stay(visitor, { presence_expires_in });
      expect([answer.status, answer.json]).toEqual([400, { presence_expires_in: [expect.any(String)] }]);
    }
    const unknown = await authenticate(site.organizationId);
    expect((await stay(unknown, { presence_expires_in: 60 })).status).toBe(404);
  });

  it('has details from their client and from their requests', async () => {
    const visitor = await authenticate(site.organizationId);
    const details = {
      latest_page_url: 'https://shop.example/cart',
      latest_page_title: 'Cart',
      referrer_url: 'android-app://com.example/',
      device_screen_width: 1920,
      device_screen_height: 1080,
    };
    const headers = { 'User-Agent': 'Browser/1', 'CF-Connecting-IP': '203.0.113.7' };
    await come(visitor, { id: visitor.id, ...details }, site.room, { headers });
    const shown = await seen(visitor);
    expect([shown.status, shown.json]).toEqual([
      200,
      expect.objectContaining({
        ...details,
        id: visitor.id,
        room_id: site.roomId,
        is_present: true,
        visit_count: 1,
        user_agent: 'Browser/1',
        ip_address: '203.0.113.7',
        browser_name: null,
      }),
    ]);
    expect(Object.keys(shown.json).sort()).toEqual(ROOM_VISITOR_KEYS.trim().split(/\s+/).sort());

    await stay(visitor, { presence_expires_in: 60, latest_page_title: null, latest_page_url: 'https://shop.example/' });
    expect((await seen(visitor)).json).toMatchObject({
      latest_page_url: 'https://shop.example/',
      latest_page_title: null,
      device_screen_width: 1920,
    });
    for (const [name, value] of Object.entries({
      latest_page_url: 'javascript:alert(1)',
      referrer_url: 'nowhere',
      device_screen_width: -1,
      latest_page_title: 7,
    })) {
      const answer = await stay(visitor, { presence_expires_in: 60, [name]: value });
      expect([answer.status, answer.json]).toEqual([400, { [name]: [expect.any(String)] }]);
    }
  });

  it.each([
    ['FI', 'Helsinki', { geo_country_code: 'FI', geo_country: 'Finland', geo_city: 'Helsinki' }],
    ['T1', undefined, { geo_country_code: 'T1', geo_country: null, geo_city: null }],
  ])('has the location of their requests: %s', async (country, city, place) => {
    const visitor = await authenticate(site.organizationId);
    const context = createExecutionContext();
    const request = new Request(`https://hub.example/api/v5/public${site.room}/visitors`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${visitor.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ id: visitor.id }),
      cf: { country, city } as RequestInitCfProperties,
    });
    expect((await createApp().fetch(request, testEnv, context)).status).toBe(201);
    await waitOnExecutionContext(context);
    expect((await seen(visitor)).json).toMatchObject(place);
  });

  it('begins another visit when they return after an absence', async () => {
    const visitor = await site.visitor({ presence_expires_in: 60 });
    await come(visitor, { id: visitor.id, presence_expires_in: 60 });
    expect((await seen(visitor)).json).toMatchObject({ visit_count: 1, is_present: true });
    passSeconds(61);
    expect((await seen(visitor)).json).toMatchObject({ visit_count: 1, is_present: false });
    await come(visitor, { id: visitor.id });
    expect((await seen(visitor)).json).toMatchObject({ visit_count: 2, is_present: true });
  });
});

describe('the presence of a visitor in their chat', () => {
  const present = async (chatId: string) => (await site.ownedChat(chatId))['present_visitor_participant_count'];

  testAlarm('ends when it expires, and is renewed when the visitor returns', async (ring) => {
    const visitor = await site.visitor({ presence_expires_in: 60 });
    const chatId = await site.chat(visitor);
    expect(await present(chatId)).toBe(1);
    passSeconds(91);
    await eventually(async () => {
      await ring(objectOf(visitor));
      expect(await present(chatId)).toBe(0);
    });
    const { token } = await authenticate(site.organizationId, visitor.secret);
    await stay({ ...visitor, token }, { presence_expires_in: 60 });
    await eventually(async () => expect(await present(chatId)).toBe(1));
  });

  testAlarm('is renewed by the visitor’s messages, for as long as they last requested', async (ring) => {
    const visitor = await site.visitor({ presence_expires_in: 60 });
    const chatId = await site.chat(visitor);
    passSeconds(50);
    expect((await site.say(visitor, chatId, 'still here')).status).toBe(201);
    passSeconds(50);
    await eventually(async () =>
      expect((await seen(visitor)).json).toMatchObject({ is_present: true, visit_count: 1 }),
    );
    await ring(objectOf(visitor));
    expect(await present(chatId)).toBe(1);
    passSeconds(61);
    expect((await seen(visitor)).json).toMatchObject({ is_present: false });
    await site.say(visitor, chatId, 'back');
    await eventually(async () => expect(await present(chatId)).toBe(1));
  });

  it('is known from the start when an agent opens the chat', async () => {
    const visitor = await site.visitor();
    const path = `/users/${site.agent.user_id}/rooms/${site.roomId}/visitors/${visitor.id}/chats`;
    const opened = await ask(site.agent, 'POST', path);
    expect(opened.status).toBe(201);
    await eventually(async () => expect(await present(String(opened.json['id']))).toBe(1));
  });

  testAlarm('lasts while the visitor is present in any of their rooms', async (ring) => {
    const visitor = await site.visitor({ presence_expires_in: 60 });
    const chatId = await site.chat(visitor);
    const elsewhere = await newRoom(site.organizationId);
    const room = `/orgs/${site.organizationId}/rooms/${elsewhere}`;
    await come(visitor, { id: visitor.id, presence_expires_in: 600 }, room);
    passSeconds(61);
    await ring(objectOf(visitor));
    expect(await present(chatId)).toBe(1);
    expect((await seen(visitor)).json).toMatchObject({ is_present: false });
    const there = await ask(site.agent, 'GET', `${room}/visitors/${visitor.id}`);
    expect(there.json).toMatchObject({ is_present: true });
  });
});

describe('the visitors of a room, as the organization sees them', () => {
  it('are listed by id, with a filter for present or absent ones', async () => {
    const own = await Site.open();
    const visitors = [await own.visitor(), await own.visitor({ presence_expires_in: 1000 }), await own.visitor()];
    passSeconds(500);
    const list = (query = '') => ask(own.agent, 'GET', own.orgRoom(`/visitors${query}`));
    const idsOf = async (query: string) => resultsOf(await list(query)).map(({ id }) => id);
    const ids = visitors.map(({ id }) => id).sort();
    const staying = visitors[1]?.id;
    expect(await idsOf('')).toEqual(ids);
    expect(await idsOf('?is_present=true')).toEqual([staying]);
    expect(await idsOf('?is_present=false')).toEqual(ids.filter((id) => id !== staying));
    const first = await list('?page_size=2');
    expect(resultsOf(first)).toHaveLength(2);
    const second = await ask(own.agent, 'GET', String(first.json['next']));
    expect([...resultsOf(first), ...resultsOf(second)].map(({ id }) => id)).toEqual(ids);
    expect((await list('?is_present=maybe')).status).toBe(400);
    expect((await list('?cursor=x')).status).toBe(400);
  });

  it('include those of channels, who have few details', async () => {
    const org = await TestOrganization.open();
    const { chatId } = await org.say(unique('thread'), 'hi');
    const [member] = await org.memberships(chatId);
    const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors`;
    expect(resultsOf(await ask(org.agent, 'GET', path))).toEqual([
      expect.objectContaining({ id: member?.['member_id'], is_present: false, visit_count: 0, user_agent: null }),
    ]);
    expect(resultsOf(await ask(org.agent, 'GET', `${path}?is_present=true`))).toEqual([]);
  });

  it('are shown to the users that the room reaches, including those of partners', async () => {
    const own = await TestOrganization.open();
    const partner = await TestOrganization.open();
    const place = await Site.at(own);
    const visitor = await place.visitor();
    const get = (person: typeof own.agent) =>
      ask(person, 'GET', `/users/${person.user_id}/rooms/${place.roomId}/visitors/${visitor.id}`);
    expect([(await get(own.agent)).status, (await get(own.agent)).json]).toMatchObject([200, { id: visitor.id }]);
    await shareRoom(own, place.roomId, partner);
    await own.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    expect([(await get(partner.agent)).status, (await get(own.agent)).status]).toEqual([200, 404]);
  });

  it('are 404 in a room of another organization, and if they have never visited the room', async () => {
    const other = await Site.open();
    const stranger = await other.visitor();
    const gone = await newRoom(site.organizationId);
    await admin(`/organizations/${site.organizationId}/rooms/${gone}`, { method: 'DELETE' });
    const outsider = await enrollAgent(other.organizationId);
    for (const [person, path] of [
      [site.agent, site.orgRoom(`/visitors/${stranger.id}`)],
      [site.agent, `/orgs/${site.organizationId}/rooms/${other.roomId}/visitors/${stranger.id}`],
      [site.agent, `/orgs/${site.organizationId}/rooms/${other.roomId}/visitors`],
      [site.agent, `/orgs/${site.organizationId}/rooms/${gone}/visitors`],
      [outsider, `/users/${outsider.user_id}/rooms/${site.roomId}/visitors/${stranger.id}`],
    ] as const) {
      const answer = await ask(person, 'GET', path);
      expect([path, answer.status, answer.json]).toEqual([path, 404, { detail: expect.any(String) }]);
    }
  });
});
