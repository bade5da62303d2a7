import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { arrive, ask, enrollAgent, type Json, resultsOf, UUID } from '../../support/worker/organization.ts';
import { admin, type Person } from '../../support/worker/requests.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

const CART = 'https://shop.example/cart';

let site: Site;
let visitor: Visitor;
let greeter: Person;
let ruleId: string;

async function newRule(body: Json = {}): Promise<string> {
  const path = `/organizations/${site.organizationId}/rooms/${site.roomId}/autosuggestions`;
  const rule = { url_pattern: 'https://shop.example/*', user_id: greeter.user_id, ...body };
  const made = await admin(path, { method: 'POST', body: rule });
  expect([made.status, made.text]).toEqual([201, expect.any(String)]);
  return String(made.json['id']);
}

const greet = (person: Person, language_code: string, message: string) =>
  ask(person, 'POST', `/users/${person.user_id}/chat_conversation_starters`, { language_code, message });

async function offered(query: string): Promise<Json | null> {
  const answer = await visit(visitor.token, 'GET', `${site.room}/autosuggestion?${query}`);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return answer.json['autosuggestion'] as Json | null;
}

const open = (body: Json, headers: Record<string, string> = {}) =>
  visit(visitor.token, 'POST', `${site.room}/visitors/${visitor.id}/chats`, body, { headers });

beforeEach(async () => {
  site = await Site.open();
  visitor = await site.visitor();
  greeter = await enrollAgent(site.organizationId, { first_name: 'Ada', last_name: 'Agent', alias: 'Service' });
  await greet(greeter, 'en', 'May I help you?');
  await greet(greeter, 'fi', 'Voinko auttaa?');
  ruleId = await newRule({ seconds: 20 });
});

describe('a room suggests', () => {
  it('the starter of the rule’s user on its pages, after its time, in the visitor’s language', async () => {
    expect(await offered(`url=${CART}&seconds=19`)).toBeNull();
    expect(await offered(`url=${CART}&seconds=20`)).toEqual({
      id: ruleId,
      message: 'May I help you?',
      language_code: 'en',
      user: { id: greeter.user_id, public_name: 'Service', avatar: null },
    });
    expect(await offered(`url=${CART}&seconds=20&language=fi-FI`)).toMatchObject({ message: 'Voinko auttaa?' });
    expect(await offered(`url=${CART}&seconds=20&language=sv`)).toMatchObject({ message: 'May I help you?' });
    expect(await offered('url=https://other.example/&seconds=20')).toBeNull();
  });

  it('by its first rule whose user has a starter and is not deleted', async () => {
    const silent = await enrollAgent(site.organizationId);
    await newRule({ user_id: silent.user_id });
    const gone = await enrollAgent(site.organizationId);
    await greet(gone, 'en', 'Gone');
    await newRule({ user_id: gone.user_id });
    await admin(`/organizations/${site.organizationId}/users/${gone.user_id}`, { method: 'DELETE' });
    expect(await offered(`url=${CART}`)).toBeNull();
    await greet(silent, 'en', 'Hello');
    expect(await offered(`url=${CART}`)).toMatchObject({ message: 'Hello' });
    expect(await offered(`url=${CART}&seconds=60`)).toMatchObject({ message: 'May I help you?' });
  });

  it('nothing while it is closed, or offline where somebody must be there', async () => {
    const shown = () => offered(`url=${CART}&seconds=60`);
    expect(await shown()).not.toBeNull();
    await site.setRoom({ is_open: false });
    expect(await shown()).toBeNull();
    await site.setRoom({ is_open: true, require_online: true });
    expect(await shown()).toBeNull();
    await arrive(site.agent);
    expect(await shown()).not.toBeNull();
  });

  it.each([
    ['', 'url'],
    ['url=cart', 'url'],
    ['url=javascript:alert(1)', 'url'],
    [`url=${CART}&seconds=-1`, 'seconds'],
    [`url=${CART}&seconds=soon`, 'seconds'],
    [`url=${CART}&language=${'x'.repeat(36)}`, 'language'],
  ])('not for a malformed %s', async (query, field) => {
    const answer = await visit(visitor.token, 'GET', `${site.room}/autosuggestion?${query}`);
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
  });

  it('nothing of another organization’s room', async () => {
    const other = await Site.open();
    const path = `/orgs/${site.organizationId}/rooms/${other.roomId}/autosuggestion?url=${CART}`;
    expect((await visit(visitor.token, 'GET', path)).status).toBe(404);
  });
});

describe('a chat that a visitor starts by a suggestion', () => {
  it('is refused when the room has closed meanwhile; without it, or resumed, the chat opens', async () => {
    const taken = { autosuggestion: { id: ruleId, url: CART } };
    await site.setRoom({ is_open: false });
    const refused = await open(taken);
    expect([refused.status, refused.json]).toEqual([409, { detail: 'This room is closed.' }]);
    expect((await open({})).status).toBe(201);
    expect((await open(taken)).status).toBe(200);
    await site.setRoom({ is_open: true });
  });

  it('begins with it, which counts in no number and waits for nobody', async () => {
    const opened = await open({ autosuggestion: { id: ruleId, url: CART, url_title: 'Cart', language: 'fi' } });
    expect([opened.status, opened.json]).toEqual([
      201,
      expect.objectContaining({
        is_autosuggested: true,
        autosuggest_url: CART,
        autosuggest_url_title: 'Cart',
        is_waiting: false,
        message_count: 0,
        user_message_count: 0,
        has_messages: false,
        has_user_messages: false,
        user_member_count: 0,
      }),
    ]);
    const chatId = String(opened.json['id']);
    const own = `/visitors/${visitor.id}/chats/${chatId}/messages`;
    const [first, ...others] = resultsOf(await visit(visitor.token, 'GET', own));
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      id: UUID,
      type: 'autosuggest',
      message: 'Voinko auttaa?',
      sender_type: 'user',
      sender_id: greeter.user_id,
      sender_public_name: 'Service',
    });
    const asked = await visit(visitor.token, 'POST', own, { message: 'Yes!' });
    expect(asked.status).toBe(201);
    const owned = `/orgs/${site.organizationId}/owned_chats/${chatId}`;
    expect((await ask(site.integrator, 'GET', owned)).json).toMatchObject({
      is_autosuggested: true,
      is_waiting: true,
      message_count: 1,
      visitor_message_count: 1,
    });
    const listed = async (query: string) =>
      resultsOf(await ask(site.integrator, 'GET', `${owned}/messages?${query}`)).map(({ type, sender_name }) => [
        type,
        sender_name,
      ]);
    expect(await listed('type__in=autosuggest')).toEqual([['autosuggest', 'Ada Agent']]);
    expect(await listed('')).toEqual([
      ['autosuggest', 'Ada Agent'],
      ['msg', null],
    ]);
    await eventually(async () => {
      const chats = resultsOf(await ask(site.integrator, 'GET', `/orgs/${site.organizationId}/owned_chats`));
      expect(chats).toMatchObject([{ id: chatId, is_autosuggested: true, autosuggest_url: CART, message_count: 1 }]);
    });
  });

  it('is resumed without another one, and a repeat by key is the same', async () => {
    const body = { autosuggestion: { id: ruleId, url: CART } };
    const first = await open(body, { 'Idempotency-Key': 'once' });
    const again = await open(body, { 'Idempotency-Key': 'once' });
    expect([first.status, again.status, again.json['id']]).toEqual([201, 201, first.json['id']]);
    const resumed = await open(body);
    expect([resumed.status, resumed.json['id']]).toEqual([200, first.json['id']]);
    const messages = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${first.json['id']}/messages`);
    expect(resultsOf(messages)).toHaveLength(1);
  });

  it('is not started by what the room does not suggest there', async () => {
    const other = await Site.open();
    const foreign = { url_pattern: '*', user_id: other.agent.user_id };
    const path = `/organizations/${other.organizationId}/rooms/${other.roomId}/autosuggestions`;
    const theirs = await admin(path, { method: 'POST', body: foreign });
    for (const autosuggestion of [
      { id: ruleId, url: 'https://other.example/' },
      { id: '0190a000-0000-7000-8000-00000000dead', url: CART },
      { id: theirs.json['id'], url: CART },
    ]) {
      const refused = await open({ autosuggestion });
      expect([refused.status, refused.json]).toEqual([
        400,
        { autosuggestion: ['The room does not suggest this on the page.'] },
      ]);
    }
    for (const autosuggestion of [{ url: CART }, { id: ruleId }, { id: ruleId, url: 'cart' }, 'yes']) {
      expect((await open({ autosuggestion })).status).toBe(400);
    }
    const chats = await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats`);
    expect(resultsOf(chats)).toEqual([]);
  });
});
