import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shortMessageId } from '../../../src/resources/rpc-ids.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json, TIME } from '../../support/worker/organization.ts';
import { TelephoneSystem, WebhookTap } from '../../support/worker/rpc.ts';

let system: TelephoneSystem;
let tap: WebhookTap;

beforeEach(async () => {
  system = await TelephoneSystem.open();
  tap = new WebhookTap();
});
afterEach(() => {
  tap.close();
});

/** A session in which the contact has asked and a user has answered, once D1 knows its thread. */
async function answeredSession() {
  const { sessionid, messageid } = await system.say('Hello');
  const answer = await system.reply(system.second, sessionid, 'Good day');
  const known = `/orgs/${system.org.organizationId}/owned_chats?page_size=1`;
  await eventually(async () => {
    const { json } = await ask(system.org.reporter, 'GET', known);
    expect(json['results']).toHaveLength(1);
  });
  return { sessionid, asked: messageid, answer, answered: shortMessageId(String(answer['id'])) ?? '' };
}

const messages = (sessionid: string): Promise<Json[]> => system.messages(sessionid);

describe('the methods delivered and read', () => {
  it('show users what became of their messages', async () => {
    const { sessionid, answered } = await answeredSession();
    expect(await system.done('delivered', { messageid: answered })).toEqual({});
    expect((await messages(sessionid))[1]).toMatchObject({ delivery_status: 'delivered', delivered_at: TIME });
    await system.reply(system.second, sessionid, 'Are you there?');
    expect(await system.done('read', { sessionid })).toEqual({});
    expect(await messages(sessionid)).toMatchObject([
      { delivery_status: 'stored' },
      { delivery_status: 'read', read_at: TIME },
      { delivery_status: 'read', delivered_at: null, read_at: TIME },
    ]);
    expect(await system.done('read', { sessionid })).toEqual({});
  });

  it('are refused for what was not sent to the gateway', async () => {
    const { asked } = await answeredSession();
    expect(await system.refusal('delivered', { messageid: asked })).toMatchObject({ status: 200, code: 409 });
    const unknown = '1710100373597-8b065154afbbddfb96';
    expect(await system.refusal('delivered', { messageid: unknown })).toMatchObject({ status: 200, code: 404 });
    expect(await system.refusal('read', { sessionid: unknown })).toMatchObject({ status: 200, code: 404 });
    expect(await system.refusal('delivered', {})).toMatchObject({ status: 200, code: 400 });
  });
});

describe('the methods updated and deleted', () => {
  it('change what the gateway has brought, and tell it nothing', async () => {
    const { sessionid, asked } = await answeredSession();
    expect(await system.done('updated', { messageid: asked, content: 'Hello!' })).toEqual({});
    expect((await messages(sessionid))[0]).toMatchObject({ message: 'Hello!', is_edited: true });
    expect(await system.done('deleted', { messageid: asked })).toEqual({});
    expect((await messages(sessionid))[0]).toMatchObject({ message: null, deleted_at: TIME });
    expect(await system.refusal('updated', { messageid: asked, content: 'x' })).toMatchObject({ code: 409 });
    expect(tap.told.map(({ method }) => method)).not.toContain('updated');
    expect(tap.told.map(({ method }) => method)).not.toContain('deleted');
  });

  it('are refused for what was written at the hub, and in another organization', async () => {
    const { answered, asked } = await answeredSession();
    const other = await TelephoneSystem.open();
    for (const [method, more] of [
      ['updated', { content: 'x' }],
      ['deleted', {}],
    ] as const) {
      expect(await system.refusal(method, { messageid: answered, ...more })).toMatchObject({ status: 403, code: 403 });
      expect(await other.refusal(method, { messageid: asked, ...more })).toMatchObject({ status: 200, code: 404 });
    }
    expect(await system.refusal('updated', { messageid: asked })).toMatchObject({ status: 200, code: 400 });
  });
});

describe('the webhooks updated and deleted', () => {
  it('tell the gateway of changes at the hub', async () => {
    const { sessionid, answer, answered } = await answeredSession();
    const item = `/users/${system.second.user_id}/chats/${system.chatOf(sessionid)}/messages/${answer['id']}`;
    expect((await ask(system.second, 'PATCH', item, { message: 'Good evening' })).status).toBe(200);
    const ids = { messageid: answered, sessionid };
    expect(await tap.next('updated')).toMatchObject({ method: 'updated', params: { ...ids, content: 'Good evening' } });
    expect((await ask(system.second, 'DELETE', item)).status).toBe(204);
    expect((await tap.next('deleted')).params).toEqual(ids);
    expect(tap.told.filter(({ method }) => method === 'updated')).toHaveLength(1);
  });
});
