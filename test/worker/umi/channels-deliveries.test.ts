import { beforeAll, describe, expect, it } from 'vitest';
import { channelReceiver } from '../../../src/resources/receiver.ts';
import { firstUuidAt, uuidVersion7 } from '../../../src/resources/uuid.ts';
import type { ThreadStub } from '../../../src/rpc/thread.ts';
import { Gateway, logDelivery } from '../../support/worker/gateway.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { testEnv } from '../../support/worker/requests.ts';

type ReplayRequest = Parameters<ThreadStub['replay']>[0];

const THREAD_A = 'a000000000000000000';
const THREAD_B = 'b000000000000000000';

let hub: Gateway;
let channelId: string;

beforeAll(async () => {
  hub = await Gateway.open();
  channelId = await hub.register();
});

function rows(answer: { json: Record<string, unknown> }): Record<string, unknown>[] {
  return answer.json['results'] as Record<string, unknown>[];
}

let made = 0n;

function deliveryId(at: number): string {
  made += 1n;
  return uuidVersion7(at, { high12: 1, low62: made });
}

describe('the delivery log', () => {
  const [first, second, third] = [1, 2, 3].map((at) => deliveryId(at * 1000)) as [string, string, string];

  beforeAll(async () => {
    await logDelivery(hub, channelId, { id: first, thread: THREAD_A, status: 'delivered', created_at: 1000 });
    await logDelivery(hub, channelId, { id: second, thread: THREAD_A, created_at: 2000 });
    await logDelivery(hub, channelId, {
      id: third,
      thread: THREAD_B,
      thread_id: 'ticket-2',
      status: 'skipped',
      skip_reason: 'disabled',
      event_type: 'reply_suggestion_created',
      created_at: 3000,
    });
    const otherChannel = await hub.register();
    await logDelivery(hub, otherChannel, { id: deliveryId(4000), thread: THREAD_A });
  });

  const list = async (query: string) => rows(await hub.get(`/${channelId}/deliveries${query}`)).map((row) => row['id']);

  it('lists newest first, page by page', async () => {
    expect(await list('')).toEqual([third, second, first]);
    const page = await hub.get(`/${channelId}/deliveries?page_size=2&extra=1`);
    expect(page.json['next']).toContain('extra=1');
    const next = await hub.get(String(page.json['next']));
    expect(rows(next).map((row) => row['id'])).toEqual([first]);
    expect(rows(await hub.get(String(next.json['previous']))).map((row) => row['id'])).toEqual([third, second]);
  });

  it('filters by status, thread and type of event, alone and together', async () => {
    expect(await list('?status=pending')).toEqual([second]);
    expect(await list('?thread_id=ticket-1')).toEqual([second, first]);
    expect(await list('?event_type=reply_suggestion_created')).toEqual([third]);
    expect(await list('?status=delivered&thread_id=ticket-1&event_type=message_created')).toEqual([first]);
    expect(await list('?thread_id=unknown')).toEqual([]);
    expect((await hub.get(`/${channelId}/deliveries?status=lost`)).json).toEqual({
      status: ['"lost" is not a valid choice.'],
    });
  });

  it('shows every column on the wire', async () => {
    const [row] = rows(await hub.get(`/${channelId}/deliveries?status=pending`));
    expect(row).toEqual({
      id: second,
      event_type: 'message_created',
      thread_id: 'ticket-1',
      chat_id: 'c1',
      seq: 7,
      status: 'pending',
      skip_reason: null,
      is_replay: false,
      attempt_count: 1,
      next_attempt_at: '1970-01-01T00:00:02.000Z',
      last_attempt_at: '1970-01-01T00:00:01.500Z',
      last_status: 500,
      last_error: null,
      created_at: '1970-01-01T00:00:02.000Z',
    });
  });

  it('shows one with its body and attempts from the thread', async () => {
    hub.asked.length = 0;
    hub.thread.readDelivery = async ({ delivery_id }) => ({
      body: `{"id":"${delivery_id}"}`,
      attempts: [{ at: 1500, duration: 12, status: 500, response: 'no', error: null }],
    });
    const answer = await hub.get(`/${channelId}/deliveries/${third}`);
    expect(answer.json).toMatchObject({
      id: third,
      status: 'skipped',
      skip_reason: 'disabled',
      next_attempt_at: null,
      body: `{"id":"${third}"}`,
      attempts: [{ at: '1970-01-01T00:00:01.500Z', duration_ms: 12, status: 500, response: 'no', error: null }],
    });
    expect(hub.asked).toEqual([THREAD_B]);
    hub.thread.readDelivery = async () => null;
    const pruned = await hub.get(`/${channelId}/deliveries/${third}`);
    expect(pruned.json).toMatchObject({ id: third, body: null, attempts: [] });
  });

  it('has no delivery of another channel', async () => {
    const otherChannel = await hub.register();
    for (const path of [`${otherChannel}/deliveries/${first}`, `${channelId}/deliveries/${deliveryId(1)}`]) {
      const answer = await hub.get(`/${path}`);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'Delivery not found.' }]);
    }
    expect((await hub.request('POST', `/${otherChannel}/deliveries/${first}/replay`)).status).toBe(404);
    expect((await hub.get(`/${channelId}/deliveries/nonsense`)).status).toBe(404);
  });

  it('replays one', async () => {
    const requests: ReplayRequest[] = [];
    hub.thread.replay = async (request) => {
      requests.push(request);
      return { replayed: 1 };
    };
    hub.asked.length = 0;
    const answer = await hub.request('POST', `/${channelId}/deliveries/${first}/replay`);
    expect([answer.status, answer.json]).toEqual([202, { replayed: 1 }]);
    expect(requests).toEqual([{ v: 1, receiver: channelReceiver(channelId), filter: { delivery_id: first } }]);
    expect(hub.asked).toEqual([THREAD_A]);
  });
});

describe('a bulk replay', () => {
  let replayed: string;
  let requests: [string, ReplayRequest][];

  beforeAll(async () => {
    replayed = await hub.register();
    const add = (at: number, thread: string, status: string) =>
      logDelivery(hub, replayed, { id: deliveryId(at), thread, status, created_at: at });
    await add(1_000, THREAD_A, 'exhausted');
    await add(2_000, THREAD_A, 'exhausted');
    await add(3_000, THREAD_B, 'skipped');
    await add(4_000, 'c000000000000000000', 'delivered');
    await add(5_000, 'd000000000000000000', 'pending');
  });

  async function replay(body: Record<string, unknown>) {
    requests = [];
    hub.asked.length = 0;
    hub.thread.replay = async (request) => {
      requests.push([String(hub.asked[requests.length]), request]);
      return { replayed: 2 };
    };
    const answer = await hub.request('POST', `/${replayed}/replay`, body);
    return { status: answer.status, json: answer.json, asked: hub.asked.toSorted() };
  }

  it('finds the threads of a status', async () => {
    expect(await replay({ status: 'exhausted' })).toEqual({
      status: 202,
      json: { lanes: 1, replayed: 2, is_complete: true, cursor: null },
      asked: [THREAD_A],
    });
    expect(requests).toEqual([
      [
        THREAD_A,
        {
          v: 1,
          receiver: `channel/${replayed}`,
          filter: { status: ['exhausted'], from: null, to: null, ids: { after: '', upto: expect.any(String) } },
        },
      ],
    ]);
    expect((await replay({ status: 'skipped' })).asked).toEqual([THREAD_B]);
  });

  it('replays every finished delivery of a time range without other filters', async () => {
    const range = { created_at_after: '1970-01-01T00:00:02.000Z', created_at_before: '1970-01-01T00:00:05Z' };
    expect(await replay(range)).toMatchObject({
      json: { lanes: 3, replayed: 6, is_complete: true },
      asked: [THREAD_A, THREAD_B, 'c000000000000000000'],
    });
    expect(requests[0]?.[1].filter).toMatchObject({ status: null, from: 2000, to: 5000 });
    expect((await replay({ created_at_after: '1970-01-01T00:00:02.001Z' })).asked).not.toContain(THREAD_A);
    expect((await replay({ created_at_after: '1970-01-01T00:00:02.000001Z' })).asked).not.toContain(THREAD_A);
    expect((await replay({ created_at_before: '1970-01-01T00:00:02.0005Z' })).asked).toEqual([THREAD_A]);
    expect((await replay({ created_at_before: '1970-01-01T00:00:03Z' })).asked).toEqual([THREAD_A]);
    expect((await replay({ status: 'delivered', created_at_before: '1970-01-01T00:00:03Z' })).asked).toEqual([]);
  });

  it('continues where an incomplete call ended', async () => {
    const id = await hub.register();
    const prefix = firstUuidAt(9_000).slice(0, 32);
    await testEnv.DB.prepare(
      `WITH RECURSIVE numbers(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < 1003)
       INSERT INTO deliveries (receiver, id, version, organization_id, thread, thread_id, chat_id, seq, event_type, status, is_replay,
         attempt_count, due_at, created_at)
       SELECT ?, ? || printf('%04d', value), 1, ?, 't' || printf('%04d', value), 'x', 'c', 1, 'message_created', 'exhausted',
         0, 1, 1, 1 FROM numbers`,
    )
      .bind(channelReceiver(id), prefix, hub.organizationId)
      .run();
    hub.thread.replay = async () => ({ replayed: 1 });
    hub.asked.length = 0;
    const first = await hub.request('POST', `/${id}/replay`, { status: 'exhausted' });
    expect(first.json).toEqual({ lanes: 1000, replayed: 1000, is_complete: false, cursor: `${prefix}1000` });
    const second = await hub.request('POST', `/${id}/replay`, { status: 'exhausted', cursor: first.json['cursor'] });
    expect(second.json).toEqual({ lanes: 3, replayed: 3, is_complete: true, cursor: null });
    expect(new Set(hub.asked).size).toBe(1003);
  });

  it.each([
    [{}, 'non_field_errors'],
    [{ status: 'skipped', cursor: 'a' }, 'cursor'],
    [{ cursor: deliveryId(1) }, 'non_field_errors'],
    [{ status: 'pending' }, 'status'],
    [{ status: null }, 'status'],
    [{ created_at_after: 'yesterday' }, 'created_at_after'],
    [{ created_at_before: 5 }, 'created_at_before'],
  ])('refuses %j', async (body, field) => {
    const answer = await hub.request('POST', `/${channelId}/replay`, body);
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
  });
});

describe('the ledger', () => {
  it('sums the lanes of a receiver', async () => {
    const id = await hub.register();
    const skipped = { disabled: 0, channel_deleted: 0, purged: 0 };
    const empty = { accepted: 0, delivered: 0, pending: 0, exhausted: 0, skipped };
    expect((await hub.get(`/${id}/ledger`)).json).toEqual(empty);
    const add = (receiver: string, thread: string, counts: number[]) =>
      testEnv.DB.prepare('INSERT INTO lanes VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)')
        .bind(receiver, thread, hub.organizationId, ...counts)
        .run();
    await add(channelReceiver(id), THREAD_A, [15, 5, 4, 3, 1, 1, 1]);
    await add(channelReceiver(id), THREAD_B, [150, 50, 40, 30, 10, 10, 10]);
    await add(channelReceiver(channelId), THREAD_B, [7, 7, 0, 0, 0, 0, 0]);
    expect((await hub.get(`/${id}/ledger`)).json).toEqual({
      accepted: 165,
      delivered: 55,
      pending: 44,
      exhausted: 33,
      skipped: { disabled: 11, channel_deleted: 11, purged: 11 },
    });
  });
});

describe('the threads of a channel', () => {
  it('are listed newest first with their current session', async () => {
    const id = await hub.register();
    const mapping = (at: number) => uuidVersion7(at, { high12: 1, low62: BigInt(`0x${id.slice(-12)}`) });
    const thread = (name: string, at: number, chatId: string) =>
      organizationD1
        .prepare(
          `INSERT INTO threads (id, organization_id, identity, channel_id, thread_id, mapping_id, current_chat_id, created_at, seq)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)`,
        )
        .bind(`${name}-${id}`, hub.organizationId, `channel/${id}/${name}`, id, name, mapping(at), chatId, at)
        .run();
    const chat = (chatId: string, isEnded: 0 | 1, at: number) =>
      organizationD1
        .prepare(
          `INSERT INTO chats (id, thread, seq, organization_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
         VALUES (?, 't', 1, ?, 'external', ?, 0, 0, ?, '{}')`,
        )
        .bind(chatId, hub.organizationId, isEnded, at)
        .run();
    await thread('old', 1000, `old-${id}`);
    await thread('new', 2000, `new-${id}`);
    await chat(`old-${id}`, 1, 5000);
    await chat(`new-${id}`, 0, 4000);
    const all = await hub.get(`/${id}/threads`);
    const expected = [
      {
        mapping_id: mapping(2000),
        thread_id: 'new',
        current_chat_id: `new-${id}`,
        is_ended: false,
        created_at: '1970-01-01T00:00:02.000Z',
        last_activity_at: '1970-01-01T00:00:04.000Z',
      },
      {
        mapping_id: mapping(1000),
        thread_id: 'old',
        current_chat_id: `old-${id}`,
        is_ended: true,
        created_at: '1970-01-01T00:00:01.000Z',
        last_activity_at: '1970-01-01T00:00:05.000Z',
      },
    ];
    expect(all.json).toEqual({ next: null, previous: null, results: expected });
    const first = await hub.get(`/${id}/threads?page_size=1`);
    expect(rows(first)).toEqual([expected[0]]);
    expect(rows(await hub.get(String(first.json['next'])))).toEqual([expected[1]]);
  });
});
