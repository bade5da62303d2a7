import { beforeAll, describe, expect, it } from 'vitest';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { Gateway, logDelivery, newRoom, RECEIVER_URL } from '../../support/worker/gateway.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

let hub: Gateway;
let other: Gateway;

beforeAll(async () => {
  hub = await Gateway.open();
  other = await Gateway.open();
});

function rows(answer: { json: Record<string, unknown> }): Record<string, unknown>[] {
  return answer.json['results'] as Record<string, unknown>[];
}

describe('a channel works', () => {
  it('is registered with the documented defaults and without its secret', async () => {
    const answer = await hub.request('POST', '', hub.fields());
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: UUID,
      name: 'Support Email',
      messaging_channel: 'email',
      organization_id: hub.organizationId,
      room_id: hub.roomId,
      reply_webhook_url: RECEIVER_URL,
      max_retry_count: 3,
      echo_user_messages: true,
      is_webhook_enabled: true,
      notify_purges: false,
      created_at: TIME,
      modified_at: answer.json['created_at'],
    });
    const read = await hub.get(`/${answer.json['id']}`);
    expect([read.status, read.json]).toEqual([200, answer.json]);
  });

  it('accepts every field, upper-case ids and a trailing slash', async () => {
    const body = hub.fields({
      name: '  ä'.repeat(85),
      messaging_channel: 'x'.repeat(64),
      room_id: hub.roomId.toUpperCase(),
      max_retry_count: 20,
      echo_user_messages: false,
      is_webhook_enabled: false,
      notify_purges: true,
      id: 'ignored',
      unknown: 1,
    });
    const answer = await hub.request('POST', '/', body);
    expect(answer.status).toBe(201);
    const { id, unknown, ...kept } = body;
    expect(answer.json).toMatchObject({ ...kept, room_id: hub.roomId, id: UUID });
  });

  it('is changed by PATCH, field by field', async () => {
    const id = await hub.register({ max_retry_count: 7, echo_user_messages: false });
    const room = await newRoom(hub.organizationId);
    const changed = await hub.request('PATCH', `/${id}`, { name: 'New', room_id: room });
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({ name: 'New', room_id: room, max_retry_count: 7, echo_user_messages: false });
    expect((await hub.get(`/${id}`)).json).toEqual(changed.json);
  });

  it('is replaced by PUT, which resets missing fields', async () => {
    const id = await hub.register({
      max_retry_count: 7,
      echo_user_messages: false,
      is_webhook_enabled: false,
      notify_purges: true,
    });
    const changed = await hub.request('PUT', `/${id}`, hub.fields({ name: 'Whole' }));
    expect(changed.json).toMatchObject({
      id,
      name: 'Whole',
      max_retry_count: 3,
      echo_user_messages: true,
      is_webhook_enabled: true,
      notify_purges: false,
    });
    const incomplete = await hub.request('PUT', `/${id}`, { name: 'Half' });
    expect(incomplete.status).toBe(400);
    expect(Object.keys(incomplete.json)).toEqual(['messaging_channel', 'room_id', 'reply_webhook_url']);
  });

  it('is 404 after DELETE, while its log stays readable', async () => {
    const id = await hub.register();
    const removed = await hub.request('DELETE', `/${id}`);
    expect([removed.status, removed.text]).toEqual([204, '']);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', {}],
      ['PUT', '', hub.fields()],
      ['DELETE', '', undefined],
      ['GET', '/secret', undefined],
      ['POST', '/secret/rotate', {}],
      ['POST', '/test', undefined],
      ['POST', '/replay', { status: 'skipped' }],
    ] as const) {
      const answer = await hub.request(method, `/${id}${path}`, body);
      expect([method, path, answer.status, answer.json]).toEqual([
        method,
        path,
        404,
        { detail: 'Channel configuration not found.' },
      ]);
    }
    for (const path of ['/deliveries', '/threads', '/ledger']) {
      expect((await hub.get(`/${id}${path}`)).status).toBe(200);
    }
    expect(rows(await hub.get('?page_size=200')).map((row) => row['id'])).not.toContain(id);
  });
});

describe('the list of channels works', () => {
  it('in five orders, page by page, forwards and backwards', async () => {
    const gateway = await Gateway.open();
    const ids: string[] = [];
    for (const messaging_channel of ['slack', 'email', 'whatsapp', 'email', 'zendesk']) {
      ids.push(await gateway.register({ messaging_channel }));
    }
    for (const [place, id] of ids.entries()) {
      await organizationD1
        .prepare('UPDATE channels SET created_at = ?, modified_at = ? WHERE id = ?')
        .bind(1000 + place, 9000 - place, id)
        .run();
    }
    const walk = async (query: string) => {
      const seen: unknown[] = [];
      let url: unknown = `${gateway.root}?page_size=2${query}`;
      let previous: unknown = null;
      while (typeof url === 'string') {
        const page = await gateway.request('GET', url.startsWith('http') ? url : `https://hub.example${url}`);
        seen.push(...rows(page).map((row) => ids.indexOf(String(row['id']))));
        previous = page.json['previous'];
        url = page.json['next'];
      }
      const back = await gateway.get(String(previous));
      return { seen, back: rows(back).map((row) => ids.indexOf(String(row['id']))) };
    };
    expect(await walk('')).toEqual({ seen: [4, 3, 2, 1, 0], back: [2, 1] });
    expect(await walk('&ordering=-created_at')).toEqual({ seen: [4, 3, 2, 1, 0], back: [2, 1] });
    expect(await walk('&ordering=created_at')).toEqual({ seen: [0, 1, 2, 3, 4], back: [2, 3] });
    expect(await walk('&ordering=modified_at')).toEqual({ seen: [4, 3, 2, 1, 0], back: [2, 1] });
    expect(await walk('&ordering=-modified_at')).toEqual({ seen: [0, 1, 2, 3, 4], back: [2, 3] });
    expect(await walk('&ordering=messaging_channel')).toEqual({ seen: [1, 3, 0, 2, 4], back: [0, 2] });
  });

  it('refuses an unknown ordering, a bad cursor and a cursor of another ordering', async () => {
    const gateway = await Gateway.open();
    await gateway.register();
    await gateway.register();
    expect((await gateway.get('?ordering=-messaging_channel')).json).toEqual({
      ordering: ['"-messaging_channel" is not a valid choice.'],
    });
    expect((await gateway.get('?cursor=rubbish')).json).toEqual({ cursor: ['Invalid cursor.'] });
    const next = new URL(String((await gateway.get('?page_size=1')).json['next']));
    next.searchParams.set('ordering', 'messaging_channel');
    const mixed = await gateway.get(next.href);
    expect([mixed.status, mixed.json]).toEqual([400, { cursor: ['Invalid cursor.'] }]);
  });

  it('contains only channels of the own organization', async () => {
    const id = await other.register();
    const ids = rows(await hub.get('?page_size=200')).map((row) => row['id']);
    expect(ids).not.toContain(id);
  });
});

describe('a channel refuses', () => {
  const BLANK = ['This field may not be blank.'];

  it.each([
    [{ name: undefined }, { name: ['This field is required.'] }],
    [{ name: null }, { name: ['This field may not be null.'] }],
    [{ name: ' \n' }, { name: BLANK }],
    [{ name: 'n'.repeat(256) }, { name: ['Ensure this field has no more than 255 characters.'] }],
    [{ name: 7 }, { name: ['Not a valid string.'] }],
    [{ messaging_channel: '' }, { messaging_channel: BLANK }],
    [
      { messaging_channel: 'c'.repeat(65) },
      { messaging_channel: ['Ensure this field has no more than 64 characters.'] },
    ],
    [{ room_id: undefined }, { room_id: ['This field is required.'] }],
    [{ room_id: 'attic' }, { room_id: ['Must be a valid UUID.'] }],
    [{ room_id: uuidVersion7(1, { high12: 1, low62: 1n }) }, { room_id: ['Room not found in this organization.'] }],
    [{ reply_webhook_url: '' }, { reply_webhook_url: BLANK }],
    [{ reply_webhook_url: 'receiver' }, { reply_webhook_url: ['The URL is not valid.'] }],
    [
      { reply_webhook_url: 'https://receiver.example.com/a\nb' },
      { reply_webhook_url: ['The URL must not contain control characters.'] },
    ],
    [
      { reply_webhook_url: 'https://receiver.example.com/#part' },
      { reply_webhook_url: ['The URL must not have a fragment.'] },
    ],
    [
      { reply_webhook_url: `https://receiver.example.com/${'ä'.repeat(1000)}` },
      { reply_webhook_url: ['The URL must not be longer than 2048 characters.'] },
    ],
    [
      { reply_webhook_url: 'https://receiver/' },
      { reply_webhook_url: ['The URL must not point to a local host name.'] },
    ],
    [{ reply_webhook_url: 'http://receiver.example.com/' }, { reply_webhook_url: ['The URL must use https.'] }],
    [
      { reply_webhook_url: 'https://[64:ff9b::a9fe:a9fe]/' },
      { reply_webhook_url: ['The URL must not point to a private or reserved address.'] },
    ],
    [
      { reply_webhook_url: 'https://HUB.example.:443/api' },
      { reply_webhook_url: ['The URL must not point to this service.'] },
    ],
    [
      { reply_webhook_url: `https://receiver.example.com/${'u'.repeat(2048)}` },
      { reply_webhook_url: ['Ensure this field has no more than 2048 characters.'] },
    ],
    [{ max_retry_count: -1 }, { max_retry_count: ['Ensure this value is greater than or equal to 0.'] }],
    [{ max_retry_count: 21 }, { max_retry_count: ['Ensure this value is less than or equal to 20.'] }],
    [{ max_retry_count: 1.5 }, { max_retry_count: ['A valid integer is required.'] }],
    [{ max_retry_count: null }, { max_retry_count: ['This field may not be null.'] }],
    [{ is_webhook_enabled: 'yes' }, { is_webhook_enabled: ['Must be a valid boolean.'] }],
    [{ notify_purges: null }, { notify_purges: ['This field may not be null.'] }],
    [{ echo_user_messages: 1 }, { echo_user_messages: ['Must be a valid boolean.'] }],
  ])('%j in POST, PUT and PATCH', async (change, fields) => {
    const posted = await hub.request('POST', '', hub.fields(change));
    expect([posted.status, posted.json]).toEqual([400, fields]);
    const id = await hub.register();
    const put = await hub.request('PUT', `/${id}`, hub.fields(change));
    expect([put.status, put.json]).toEqual([400, fields]);
    if (Object.values(change)[0] === undefined) return;
    const patched = await hub.request('PATCH', `/${id}`, change);
    expect([patched.status, patched.json]).toEqual([400, fields]);
  });

  it('a room of another organization', async () => {
    const fields = { room_id: ['Room not found in this organization.'] };
    expect((await hub.request('POST', '', hub.fields({ room_id: other.roomId }))).json).toEqual(fields);
    const id = await hub.register();
    const patched = await hub.request('PATCH', `/${id}`, { room_id: other.roomId });
    expect([patched.status, patched.json]).toEqual([400, fields]);
  });

  it('an empty body, invalid JSON and malformed ids', async () => {
    const empty = await hub.request('POST', '', undefined, {
      raw: '',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(Object.keys(empty.json)).toEqual(['name', 'messaging_channel', 'room_id', 'reply_webhook_url']);
    expect((await hub.request('POST', '', undefined, { raw: '{' })).status).toBe(400);
    for (const id of ['nonsense', uuidVersion7(1, { high12: 1, low62: 1n })]) {
      expect((await hub.get(`/${id}`)).status).toBe(404);
    }
  });

  it('a loopback receiver unless the deployment allows it', async () => {
    const strict = { env: { ALLOW_INSECURE_WEBHOOKS: '0' } };
    const body = hub.fields({ reply_webhook_url: 'http://127.0.0.1:9000/hook' });
    expect((await hub.request('POST', '', body, strict)).status).toBe(400);
    const lenient = { env: { ALLOW_INSECURE_WEBHOOKS: '1' } };
    expect((await hub.request('POST', '', body, lenient)).status).toBe(201);
  });

  it('nothing of the notation: a URL is stored as it was parsed', async () => {
    const written = ' HTTPS://Receiver.EXAMPLE.com:443/a b/../ä?key=%2f ';
    const answer = await hub.request('POST', '', hub.fields({ reply_webhook_url: written }));
    expect(answer.json['reply_webhook_url']).toBe('https://receiver.example.com/%C3%A4?key=%2f');
  });

  it('the origins of the hub, configured, present and at registration', async () => {
    const env = { PUBLIC_ORIGIN: 'https://api.example.org' };
    const message = { reply_webhook_url: ['The URL must not point to this service.'] };
    const own = hub.fields({ reply_webhook_url: 'https://api.example.org./hook' });
    expect((await hub.request('POST', '', own, { env })).json).toEqual(message);
    const id = await hub.register();
    const elsewhere = `https://other.example${hub.root}/${id}`;
    const patch = { reply_webhook_url: 'https://hub.example/hook' };
    expect((await hub.request('PATCH', elsewhere, patch)).json).toEqual(message);
  });
});

describe('pending webhooks of a channel', () => {
  const A = { thread: '0000000000000000001' };
  const B = { thread: '0000000000000000002' };

  async function channelWithDeliveries(gateway: Gateway): Promise<string> {
    const id = await gateway.register();
    let number = 0n;
    const add = (delivery: { thread: string; status?: string; is_replay?: 0 | 1 }) => {
      number += 1n;
      const deliveryId = uuidVersion7(Date.now(), { high12: Number(`0x${id.slice(-3)}`), low62: number });
      return logDelivery(gateway, id, { id: deliveryId, ...delivery });
    };
    await add(A);
    await add(A);
    await add({ ...A, is_replay: 1 });
    await add(B);
    await add({ thread: '0000000000000000003', status: 'delivered' });
    return id;
  }

  function drains(id: string) {
    const wakeUp = { v: 1, receiver: `channel/${id}`, drain: true };
    return [
      { ...wakeUp, ...A, track: 'lane' },
      { ...wakeUp, ...A, track: 'replay' },
      { ...wakeUp, ...B, track: 'lane' },
    ];
  }

  it.each([
    ['PATCH', { is_webhook_enabled: false }],
    ['PUT', { is_webhook_enabled: false }],
    ['DELETE', undefined],
  ])('are drained by %s %j', async (method, change) => {
    const gateway = await Gateway.open();
    const id = await channelWithDeliveries(gateway);
    await gateway.request(method, `/${id}`, method === 'PUT' ? gateway.fields(change) : change);
    expect(gateway.sent).toEqual(drains(id));
  });

  it('stay while nothing is switched off', async () => {
    const gateway = await Gateway.open();
    const id = await channelWithDeliveries(gateway);
    await gateway.request('PATCH', `/${id}`, { name: 'Same' });
    await gateway.request('PATCH', `/${id}`, { is_webhook_enabled: true });
    expect(gateway.sent).toEqual([]);
  });

  it('are drained in batches that the queue accepts', async () => {
    const gateway = await Gateway.open();
    const id = await gateway.register();
    for (let place = 0; place < 230; place++) {
      const deliveryId = uuidVersion7(5, { high12: 5, low62: BigInt(`0x${id.slice(-8)}`) * 1000n + BigInt(place) });
      await logDelivery(gateway, id, { id: deliveryId, thread: String(place).padStart(19, '0') });
    }
    await gateway.request('DELETE', `/${id}`);
    expect(gateway.batches).toEqual([100, 100, 30]);
    expect(new Set(gateway.sent.map(({ thread }) => thread)).size).toBe(230);
  });
});
