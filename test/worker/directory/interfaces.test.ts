import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { tokenDigest } from '../../../src/directory/tokens.ts';
import { ask, resultsOf } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { admin, enroll, type Person } from '../../support/worker/requests.ts';

const KINDS = ['rpc', 'threads'] as const;
const HOOK = 'https://gateway.example.com/hub';

let owner: Person;
let rooms: string[];

beforeEach(async () => {
  owner = await enroll({ scopes: ['settings'] });
  rooms = [];
  for (const name of ['First', 'Second']) {
    const room = await ask(owner, 'POST', `/orgs/${owner.organization_id}/rooms`, { name });
    rooms.push(String(room.json['id']));
  }
});

const at = (path: string) => `/orgs/${owner.organization_id}/${path}`;

describe.each(KINDS)('the settings of %s', (kind) => {
  it('are null until they are made, in the oldest room, with a key of their own', async () => {
    const before = await ask(owner, 'GET', at(kind));
    expect(before.json).toMatchObject({ channel_id: null, room_id: null, webhook_url: null, webhook_key: null });
    const made = await ask(owner, 'PATCH', at(kind), { webhook_url: HOOK });
    expect([made.status, made.json]).toEqual([
      200,
      expect.objectContaining({ room_id: rooms[0], webhook_url: HOOK, webhook_key: expect.stringMatching(/^.{43}$/) }),
    ]);
    const behindOperator = await admin(`/organizations/${owner.organization_id}/${kind}`);
    expect(behindOperator.json).toEqual(made.json);
  });

  it('change field by field, and null switches the webhooks off', async () => {
    await ask(owner, 'PATCH', at(kind), { webhook_url: HOOK });
    const changed = await ask(owner, 'PATCH', at(kind), { webhook_key: 'known-to-the-receiver', room_id: rooms[1] });
    expect(changed.json).toMatchObject({
      webhook_url: HOOK,
      webhook_key: 'known-to-the-receiver',
      room_id: rooms[1],
    });
    const off = await ask(owner, 'PATCH', at(kind), { webhook_url: null });
    expect(off.json).toMatchObject({ webhook_url: null, webhook_key: 'known-to-the-receiver' });
    const [row] = (
      await organizationD1
        .prepare('SELECT webhook_key FROM channels WHERE id = ?')
        .bind(off.json['channel_id'])
        .all<{ webhook_key: string }>()
    ).results;
    expect(row?.webhook_key).toMatch(/^v1\./);
  });

  it('are made once, by however many calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(owner, 'PATCH', at(kind), { webhook_url: HOOK })),
    );
    expect(new Set(answers.map(({ json }) => json['channel_id'])).size).toBe(1);
  });

  it('refuse URLs that the hub does not call, rooms of others and organizations without a room', async () => {
    const refusedField = async (body: object) => (await ask(owner, 'PATCH', at(kind), body)).json;
    expect(await refusedField({ webhook_url: 'http://127.0.0.1.nip.io/' })).toEqual({
      webhook_url: [expect.any(String)],
    });
    expect(await refusedField({ webhook_url: 'https://hub.example/hook' })).toEqual({
      webhook_url: [expect.any(String)],
    });
    expect(await refusedField({ webhook_key: 'two words' })).toEqual({ webhook_key: [expect.any(String)] });
    const foreign = await enroll({ scopes: ['settings'] });
    const room = await ask(foreign, 'POST', `/orgs/${foreign.organization_id}/rooms`, { name: 'Theirs' });
    expect(await refusedField({ room_id: room.json['id'] })).toEqual({
      room_id: ['Room not found in this organization.'],
    });
    expect((await ask(owner, 'GET', at(kind))).json).toMatchObject({ channel_id: null });
    const empty = await enroll({ scopes: ['settings'] });
    const answer = await ask(empty, 'PATCH', `/orgs/${empty.organization_id}/${kind}`, { webhook_url: HOOK });
    expect([answer.status, answer.json]).toEqual([409, { detail: expect.stringContaining('no room') }]);
  });

  it('are no channel of the messaging interface, but their log and secret are there', async () => {
    const { json } = await ask(owner, 'PATCH', at(kind), { webhook_url: HOOK });
    const channel = at(`unified_messaging/${json['channel_id']}`);
    expect(resultsOf(await ask(owner, 'GET', at('unified_messaging')))).toEqual([]);
    const messages = [{ body: 'Hi', thread_id: 't', sender_id: 's', message_id: 'm' }];
    expect((await ask(owner, 'GET', channel)).status).toBe(404);
    expect((await ask(owner, 'PATCH', channel, { name: 'Mine' })).status).toBe(404);
    expect((await ask(owner, 'DELETE', channel)).status).toBe(404);
    expect((await ask(owner, 'POST', `${channel}/messages`, { messages })).status).toBe(404);
    expect((await ask(owner, 'GET', `${channel}/secret`)).json).toMatchObject({
      secret: expect.stringMatching(/^whsec_/),
    });
    expect((await ask(owner, 'GET', `${channel}/ledger`)).status).toBe(200);
    expect((await ask(owner, 'GET', `${channel}/deliveries`)).status).toBe(200);
  });
});

describe('the id that JSON-RPC has for an organization', () => {
  it('has 20 digits and stays', async () => {
    const first = (await ask(owner, 'GET', at('rpc'))).json['orgid'];
    expect(first).toMatch(/^1\d{19}$/);
    expect((await admin(`/organizations/${owner.organization_id}/rpc`)).json['orgid']).toBe(first);
  });
});

describe('the responder of the threads API', () => {
  const openai = { type: 'openai', url: 'https://models.example.com/v1', model: 'small', api_key: 'sk-secret' };

  it('is stored, and its key is shown nowhere', async () => {
    const made = await ask(owner, 'PATCH', at('threads'), { responder: openai });
    expect(made.json['responder']).toEqual({
      type: 'openai',
      url: openai.url,
      model: 'small',
      mode: 'reply',
      has_api_key: true,
    });
    const { api_key: _key, ...rest } = openai;
    const kept = await ask(owner, 'PATCH', at('threads'), { responder: { ...rest, mode: 'suggest' } });
    expect(kept.json['responder']).toMatchObject({ mode: 'suggest', has_api_key: true });
    const row = await organizationD1
      .prepare('SELECT * FROM channels WHERE id = ?')
      .bind(made.json['channel_id'])
      .first<{ responder_key: string }>();
    expect(row?.responder_key).toMatch(/^v1\./);
    expect(JSON.stringify(row)).not.toContain('sk-secret');
    expect(kept.text).not.toContain('sk-secret');
  });

  it('loses its key when its URL changes, or it goes', async () => {
    await ask(owner, 'PATCH', at('threads'), { responder: openai });
    const { api_key: _key, ...rest } = openai;
    const moved = await ask(owner, 'PATCH', at('threads'), {
      responder: { ...rest, url: 'https://other.example.com/' },
    });
    expect(moved.json['responder']).toMatchObject({ has_api_key: false });
    const gone = await ask(owner, 'PATCH', at('threads'), { responder: null });
    expect(gone.json['responder']).toBeNull();
  });

  it.each([
    [{ type: 'http' }, { url: ['This field is required.'] }],
    [{ type: 'http', url: HOOK, model: 'small' }, { model: ['A responder of this type has no such field.'] }],
    [{ type: 'openai', url: HOOK }, { model: ['This field is required.'] }],
    [{ type: 'workers_ai', model: 'small', url: HOOK }, { url: ['A responder of this type has no such field.'] }],
    [{ type: 'http', url: 'https://hub.example/' }, { url: [expect.any(String)] }],
    [{ type: 'oracle' }, { type: [expect.any(String)] }],
  ])('is refused: %o', async (responder, fields) => {
    const answer = await ask(owner, 'PATCH', at('threads'), { responder });
    expect([answer.status, answer.json]).toEqual([400, { responder: fields }]);
  });
});

describe.each(KINDS)('the keys of %s', (kind) => {
  it('are shown once, listed and revoked', async () => {
    const made = await ask(owner, 'POST', at(`${kind}/keys`), { label: 'Gateway' });
    expect([made.status, made.json]).toEqual([
      201,
      {
        id: expect.any(String),
        organization_id: owner.organization_id,
        label: 'Gateway',
        revoked_at: null,
        created_at: expect.any(String),
        key: expect.stringMatching(/^umi_/),
      },
    ]);
    const { key, ...shown } = made.json;
    expect(resultsOf(await ask(owner, 'GET', at(`${kind}/keys`)))).toEqual([shown]);
    const row = await env.DB.prepare('SELECT * FROM interface_keys WHERE id = ?').bind(shown['id']).first();
    expect(row).toMatchObject({ digest: tokenDigest(String(key)), kind });
    expect(JSON.stringify(row)).not.toContain(String(key));
    const path = at(`${kind}/keys/${shown['id']}`);
    expect([(await ask(owner, 'DELETE', path)).status, (await ask(owner, 'DELETE', path)).status]).toEqual([204, 204]);
    expect(resultsOf(await ask(owner, 'GET', at(`${kind}/keys`)))).toEqual([
      { ...shown, revoked_at: expect.any(String) },
    ]);
  });

  it('make the settings with the first one, and need a room', async () => {
    await ask(owner, 'POST', at(`${kind}/keys`), {});
    expect((await ask(owner, 'GET', at(kind))).json).toMatchObject({ room_id: rooms[0], webhook_url: null });
    const empty = await enroll({ scopes: ['settings'] });
    expect((await ask(empty, 'POST', `/orgs/${empty.organization_id}/${kind}/keys`, {})).status).toBe(409);
  });

  it('are not those of the other interface, nor of another organization', async () => {
    const made = await ask(owner, 'POST', at(`${kind}/keys`), {});
    const other = kind === 'rpc' ? 'threads' : 'rpc';
    expect(resultsOf(await ask(owner, 'GET', at(`${other}/keys`)))).toEqual([]);
    expect((await ask(owner, 'DELETE', at(`${other}/keys/${made.json['id']}`))).status).toBe(404);
    const foreign = await enroll({ scopes: ['settings'] });
    const path = `/orgs/${foreign.organization_id}/${kind}/keys/${made.json['id']}`;
    expect((await ask(foreign, 'DELETE', path)).status).toBe(404);
  });
});

describe('the telephone line of a user', () => {
  const patch = (user: string, fields: object) =>
    admin(`/organizations/${owner.organization_id}/users/${user}`, { method: 'PATCH', body: fields });
  const create = (fields: object) =>
    admin(`/organizations/${owner.organization_id}/users`, {
      method: 'POST',
      body: { first_name: 'Ada', ...fields },
    });

  it('is trimmed, and in the directory', async () => {
    const made = await create({ extension: ' 9003 ', did: '\t+44 20 7946 0003' });
    expect(made.json).toMatchObject({ extension: '9003', did: '+44 20 7946 0003' });
    const shown = await ask(owner, 'GET', at(`users/${made.json['id']}`));
    expect(shown.json).toMatchObject({ extension: '9003', did: '+44 20 7946 0003' });
    const changed = await patch(String(made.json['id']), { extension: null });
    expect(changed.json).toMatchObject({ extension: null, did: '+44 20 7946 0003' });
    expect((await patch(String(made.json['id']), { extension: '  ' })).status).toBe(400);
  });

  it('belongs to one user of an organization', async () => {
    const first = await create({ extension: '9003', did: '234' });
    const taken = (line: string) => ({ detail: `Another user of the organization has this ${line}.` });
    const second = await create({ extension: '9003' });
    expect([second.status, second.json]).toEqual([409, taken('extension')]);
    const third = await create({ extension: '9004' });
    const changed = await patch(String(third.json['id']), { did: '234', first_name: 'Bert' });
    expect([changed.status, changed.json]).toEqual([409, taken('did')]);
    expect((await admin(`/organizations/${owner.organization_id}/users/${third.json['id']}`)).json).toMatchObject({
      first_name: 'Ada',
      did: null,
    });
    // Their own, one of another organization, and that of a deleted user.
    expect((await patch(String(first.json['id']), { extension: '9003' })).status).toBe(200);
    const elsewhere = await enroll();
    const theirs = await admin(`/organizations/${elsewhere.organization_id}/users/${elsewhere.user_id}`, {
      method: 'PATCH',
      body: { extension: '9003' },
    });
    expect(theirs.status).toBe(200);
    await admin(`/organizations/${owner.organization_id}/users/${first.json['id']}`, { method: 'DELETE' });
    expect((await patch(String(third.json['id']), { extension: '9003' })).status).toBe(200);
  });
});
