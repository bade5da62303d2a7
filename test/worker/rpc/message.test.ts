import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { arrive, ask, resultsOf } from '../../support/worker/organization.ts';
import { admin, call } from '../../support/worker/requests.ts';
import { CONTACT, TelephoneSystem } from '../../support/worker/rpc.ts';

const MESSAGE_ID = expect.stringMatching(/^\d{13}-[0-9a-f]{18}$/);

let system: TelephoneSystem;

beforeAll(async () => {
  system = await TelephoneSystem.open();
});

describe('the method message', () => {
  it('takes a contact’s message to a user, who takes part in the session', async () => {
    const first = await system.done('message', { from: CONTACT, to: '9004', content: 'Hello', sendername: 'Jane' });
    expect(first).toEqual({ messageid: MESSAGE_ID, sessionid: MESSAGE_ID });
    expect(await system.messages(first['sessionid'])).toMatchObject([
      { message: 'Hello', sender_type: 'visitor', sender_name: 'Jane', external_sender_id: CONTACT },
    ]);
    const chats = await ask(system.second, 'GET', `/users/${system.second.user_id}/chats?is_participating=true`);
    expect(resultsOf(chats)).toMatchObject([
      { id: system.chatOf(first['sessionid']), is_waiting: true, chat_type: 'external' },
    ]);
    const again = await system.done('message', { from: CONTACT, to: '35891234', content: 'By the direct number' });
    expect(again['sessionid']).toBe(first['sessionid']);
  });

  it('takes what a user has sent, which ends the waiting', async () => {
    const { sessionid } = await system.say('Hello', '9003');
    const sent = await system.done('message', { from: '9003', to: CONTACT, content: 'Good day' });
    expect(sent).toEqual({ messageid: MESSAGE_ID, sessionid });
    expect(await system.messages(sessionid)).toMatchObject([
      { sender_type: 'visitor' },
      { message: 'Good day', sender_type: 'user', sender_id: system.first.user_id, sender_name: 'Nina' },
    ]);
    expect(await system.org.chat(system.chatOf(sessionid))).toMatchObject({ is_waiting: false });
  });

  it('makes or finds the session of a contact and a user without content', async () => {
    const opened = await system.done('message', { from: '111', to: '9004' });
    expect(opened).toEqual({ sessionid: MESSAGE_ID });
    expect(await system.done('message', { from: '111', to: '9004' })).toEqual(opened);
    expect(await system.done('message', { from: '9004', to: '111' })).toEqual(opened);
    // Another user may write in it, and becomes a member.
    const { sessionid } = opened;
    const sent = await system.done('message', { from: '9003', to: '111', content: 'Hello', sessionid });
    expect(sent).toEqual({ messageid: MESSAGE_ID });
    expect(await system.messages(sessionid)).toMatchObject([
      { message: 'Hello', sender_id: system.first.user_id, sender_type: 'user' },
    ]);
    const members = await system.org.memberships(system.chatOf(sessionid));
    expect(members.map(({ member_id, is_participating }) => [member_id, is_participating])).toEqual(
      expect.arrayContaining([
        [system.second.user_id, true],
        [system.first.user_id, false],
      ]),
    );
  });

  it('goes on in a new session when the given one is closed', async () => {
    const { sessionid } = await system.done('message', { from: '222', to: '9004' });
    const path = `/users/${system.second.user_id}/chats/${system.chatOf(sessionid)}`;
    expect((await ask(system.second, 'PATCH', path, { is_ended: true })).status).toBe(200);
    const next = await system.done('message', { from: '222', to: '9004', content: 'Again', sessionid });
    expect(next).toEqual({ messageid: MESSAGE_ID, sessionid: MESSAGE_ID });
    expect(next['sessionid']).not.toBe(sessionid);
    expect(await system.messages(next['sessionid'])).toMatchObject([{ message: 'Again' }]);
    expect(await system.done('message', { from: '222', to: '9004' })).toEqual({ sessionid: next['sessionid'] });
  });

  it('names the contact by senderid, the user by their id of either form, the organization by its domain', async () => {
    const users = (await system.done('getChatUsers', {})) as unknown as { phone: string; id: string }[];
    const id = users.find(({ phone }) => phone === '9004')?.id;
    const sender = { senderid: 'anna@example.com', sendername: 'Anna', senderinfo: { phone: '7', email: 'a@b.cc' } };
    const domain = { orgid: undefined, domain: 'SHOP.example.com' };
    const made = await system.done('message', { ...domain, ...sender, userid: id, content: 'Hello' });
    const found = await system.done('message', { ...sender, userid: system.second.user_id });
    expect(found).toEqual({ sessionid: made['sessionid'] });
    const [message] = await system.messages(made['sessionid']);
    expect(message).toMatchObject({ external_sender_id: 'anna@example.com', sender_name: 'Anna' });
    const room = (await system.org.chat(system.chatOf(made['sessionid'])))['room_id'];
    const visitor = message?.['sender_id'];
    const variables = await ask(
      system.second,
      'GET',
      `/orgs/${system.org.organizationId}/rooms/${room}/visitors/${visitor}/variables`,
    );
    expect(resultsOf(variables)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ key: 'phone', value: '7' }),
        expect.objectContaining({ key: 'email', value: 'a@b.cc' }),
      ]),
    );
  });

  it('knows a contact by their number until somebody says their name', async () => {
    const { sessionid } = await system.done('message', { from: '333', to: '9004', content: 'One' });
    await system.done('message', { from: '333', to: '9004', content: 'Two', sendername: 'Carl' });
    expect((await system.messages(sessionid)).map(({ sender_name }) => sender_name)).toEqual(['333', 'Carl']);
  });

  it('trims numbers and extensions', async () => {
    const one = await system.done('message', { from: ' 444 ', to: ' 9004' });
    expect(await system.done('message', { from: '444', to: '9004' })).toEqual(one);
  });

  it('takes the time at which it was sent as created_at, once, without a change of order and waiting', async () => {
    const { sessionid } = await system.done('message', { from: '555', to: '9004', content: 'Now' });
    const timestamp = Date.now() - 3_600_000;
    const synced = { from: '9004', to: '555', content: 'Earlier', timestamp, sessionid };
    const first = await system.done('message', synced);
    expect(await system.done('message', synced)).toEqual(first);
    expect(await system.messages(sessionid)).toMatchObject([
      { message: 'Now' },
      { message: 'Earlier', created_at: new Date(timestamp).toISOString() },
    ]);
    // It is older than its chat, and is in the list of the chat's messages all the same.
    const listed = `/orgs/${system.org.organizationId}/messages?chat_id=${system.chatOf(sessionid)}&type__in=msg`;
    await eventually(async () => {
      expect(resultsOf(await ask(system.org.reporter, 'GET', listed))).toMatchObject([
        { message: 'Now' },
        { message: 'Earlier' },
      ]);
    });
    expect(await system.org.chat(system.chatOf(sessionid))).toMatchObject({ is_waiting: true });
    expect((await system.refusal('message', { ...synced, timestamp: Date.now() + 3_600_000 })).code).toBe(400);
  });

  it('counts what carries a session as read by its user', async () => {
    const { sessionid } = await system.done('message', { from: '666', to: '9004' });
    const seen = async () => {
      const members = await system.org.memberships(system.chatOf(sessionid));
      return members.find(({ member_id }) => member_id === system.second.user_id)?.['last_seen_at'];
    };
    await system.done('message', { from: '666', to: '9004', content: 'Unread' });
    expect(await seen()).toBeNull();
    await system.done('message', { from: '666', to: '9004', content: 'Read', sessionid });
    const [, read] = await system.messages(sessionid);
    expect(await seen()).toBe(read?.['created_at']);
  });

  it('keeps a file by URL as it is', async () => {
    const content = 'https://files.example.com/voice/greeting%201.ogg';
    const { sessionid } = await system.done('message', { from: '777', to: '9004', content, type: 7 });
    expect(await system.messages(sessionid)).toMatchObject([
      { message: '', attachments: [{ title: 'greeting 1.ogg', title_link_url: content }] },
    ]);
    const refused = await system.refusal('message', {
      from: '777',
      to: '9004',
      content: 'http://10.0.0.1/secret',
      type: 7,
    });
    expect([refused.status, refused.code, refused.message]).toEqual([200, 400, expect.stringContaining('content')]);
  });

  it('is stored once for the same Idempotency-Key', async () => {
    const send = () =>
      system.ask('message', { from: '888', to: '9004', content: 'Once' }, { headers: { 'Idempotency-Key': 'k1' } });
    const [first, second] = [await send(), await send()];
    expect(second.json).toEqual(first.json);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    const { sessionid } = first.json['result'] as { sessionid: string };
    expect(await system.messages(sessionid)).toHaveLength(1);
  });

  it('makes one session of fifty messages at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, place) =>
        system.done('message', { from: '999', to: '9004', content: `Message ${place}` }),
      ),
    );
    expect(new Set(answers.map(({ sessionid }) => sessionid)).size).toBe(1);
  });
});

describe('the method message refuses', () => {
  it.each([
    ['nobody of the organization', { from: '1', to: '2', content: 'Hi' }, 404],
    ['two users', { from: '9003', to: '9004', content: 'Hi' }, 400],
    ['a sender that is missing', { to: '9004', content: 'Hi' }, 400],
    ['a receiver that is missing', { from: '1', content: 'Hi' }, 400],
    ['an unknown user', { senderid: '1', userid: '10000000000999999999', content: 'Hi' }, 404],
    [
      'an unknown session',
      { from: '1', to: '9004', content: 'Hi', sessionid: '1710004869211-d3103a34bd2ce6023a' },
      404,
    ],
    ['a session of another form', { from: '1', to: '9004', content: 'Hi', sessionid: 'nonsense' }, 404],
    ['a content of another type', { from: '1', to: '9004', content: 5 }, 400],
    ['a number of another type', { from: ['1'], to: '9004', content: 'Hi' }, 400],
    ['an unknown type', { from: '1', to: '9004', content: 'Hi', type: 99 }, 400],
    ['a blank content', { from: '1', to: '9004', content: ' ' }, 400],
    ['a time of another type', { from: '1', to: '9004', content: 'Hi', timestamp: 'now' }, 400],
  ])('%s', async (_, params, code) => {
    expect(await system.refusal('message', params)).toEqual({ status: 200, code, message: expect.any(String) });
  });

  it('two users, also when one is named by their id', async () => {
    const userid = system.second.user_id;
    const said = { content: 'Hi', userid };
    expect((await system.refusal('message', { ...said, from: '9003', to: '1012' })).code).toBe(400);
    expect((await system.refusal('message', { ...said, from: '1012', to: '9003' })).code).toBe(400);
    const opened = await system.done('message', { userid, from: '1012', to: '9004' });
    expect(await system.messages(opened['sessionid'])).toEqual([]);
  });

  it('a time in the future, by the name that the caller gave it', async () => {
    const timestamp = Date.now() + 3_600_000;
    expect(await system.refusal('message', { from: '1013', to: '9004', content: 'Hi', timestamp })).toEqual({
      status: 200,
      code: 400,
      message: 'timestamp: The time may not be in the future.',
    });
  });

  it('a session with another contact, and one without content', async () => {
    const { sessionid } = await system.done('message', { from: '1010', to: '9004' });
    expect((await system.refusal('message', { from: '1011', to: '9004', content: 'Hi', sessionid })).code).toBe(404);
    expect((await system.refusal('message', { from: '9004', to: '1011', content: 'Hi', sessionid })).code).toBe(404);
    expect((await system.refusal('message', { from: '1010', to: '9004', sessionid })).code).toBe(400);
  });
});

describe('JSON-RPC', () => {
  it('answers at /api/ too, and refuses unknown methods and what is no call', async () => {
    const authorization = `Bearer ${system.key}`;
    const body = { method: 'getChatUsers', params: {} };
    expect((await call('/api/', { method: 'POST', authorization, body })).status).toBe(200);
    const refusals = [{ method: 'destroy', params: {} }, { params: {} }, { method: 'message', params: 'x' }];
    for (const raw of refusals) {
      const { status, json } = await call('/api', { method: 'POST', authorization, body: raw });
      expect([status, json]).toEqual([200, { error: { code: 400, message: expect.any(String) } }]);
    }
    const broken = await call('/api', { method: 'POST', authorization, raw: '{' });
    expect([broken.status, broken.json]).toEqual([200, { error: { code: 400, message: expect.any(String) } }]);
    const bad = await call('/api', { method: 'POST', authorization: 'Bearer nonsense', body });
    expect([bad.status, bad.json]).toEqual([401, { error: { code: 401, message: expect.any(String) } }]);
  });

  it('lists the users with an extension, and who is present', async () => {
    await arrive(system.first);
    const users = (await system.done('getChatUsers', {})) as unknown as { phone: string }[];
    expect(users.filter(({ phone }) => ['9003', '9004'].includes(phone))).toEqual([
      { phone: '9003', name: 'Nina', id: expect.stringMatching(/^1\d{19}$/), state: 2 },
      { phone: '9004', name: 'Otto Hopper', id: expect.stringMatching(/^1\d{19}$/), state: 0 },
    ]);
  });

  it('opens nothing of another organization', async () => {
    const other = await TelephoneSystem.open();
    expect(await system.refusal('getChatUsers', { orgid: other.orgid })).toMatchObject({ status: 403, code: 403 });
    expect(await system.refusal('message', { orgid: 'x' })).toMatchObject({ status: 403 });
    expect(await system.refusal('getChatUsers', { domain: 'other.example.com' })).toMatchObject({ status: 403 });
    const { sessionid } = await other.done('message', { from: '1', to: '9004' });
    const params = { from: '1', to: '9004', content: 'Hi', sessionid };
    expect((await system.refusal('message', params)).code).toBe(404);
    expect((await system.refusal('typing', { sessionid })).code).toBe(404);
  });

  it('needs no user with a line: a deleted one is unknown', async () => {
    const own = await TelephoneSystem.open();
    await admin(`/organizations/${own.org.organizationId}/users/${own.first.user_id}`, { method: 'DELETE' });
    expect((await own.refusal('message', { from: '1', to: '9003', content: 'Hi' })).code).toBe(404);
  });

  it('tells agents that a contact types', async () => {
    const { sessionid } = await system.say('Hello');
    await system.done('typing', { sessionid });
    const typing = async () => {
      const members = await system.org.memberships(system.chatOf(sessionid));
      return members.find(({ member_type }) => member_type === 'visitor')?.['composing_status'];
    };
    expect(await typing()).toBe('typing');
    await system.done('typing', { sessionid, state: 'off' });
    expect(await typing()).toBe('idle');
  });
});
