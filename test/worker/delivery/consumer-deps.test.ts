import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { forget } from '../../../src/directory/changes.ts';
import { channelReceiver } from '../../../src/resources/receiver.ts';
import { setClock } from '../../support/worker/clock.ts';
import { Gateway, RECEIVER_URL } from '../../support/worker/gateway.ts';
import { brokenDatabase, testEnv } from '../../support/worker/requests.ts';

let hub: Gateway;

beforeAll(async () => {
  hub = await Gateway.open();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const SECRET = expect.stringMatching(/^whsec_/);

const deps = consumerDeps({ ...testEnv, PUBLIC_ORIGIN: 'https://api.example.org' });

function endpoint(channelId: string, organizationId = hub.organizationId) {
  return deps.endpoint({
    organization_id: organizationId,
    receiver: channelReceiver(channelId),
    webhook_id: null,
  });
}

describe('the endpoint of a channel', () => {
  it('is the current one at each attempt, if it was changed in this isolate', async () => {
    const id = await hub.register({ max_retry_count: 5 });
    const { secret } = (await hub.get(`/${id}/secret`)).json;
    const destination = {
      url: RECEIVER_URL,
      secrets: [secret],
      own_origins: ['https://api.example.org', 'https://hub.example'],
    };
    expect(await endpoint(id)).toEqual({ kind: 'open', destination, max_retry_count: 5 });
    await hub.request('PATCH', `/${id}`, { is_webhook_enabled: false });
    expect(await endpoint(id)).toEqual({ kind: 'disabled' });
    const url = 'https://elsewhere.example.com/';
    await hub.request('PATCH', `/${id}`, { is_webhook_enabled: true, reply_webhook_url: url });
    expect(await endpoint(id)).toMatchObject({ kind: 'open', destination: { url } });
    await hub.request('DELETE', `/${id}`);
    expect(await endpoint(id)).toEqual({ kind: 'channel_deleted' });
  });

  it('is unwrapped once while its row is kept', async () => {
    setClock(Date.now());
    const id = await hub.register();
    const unwraps = vi.spyOn(crypto.subtle, 'decrypt');
    for (let attempt = 0; attempt < 3; attempt++) await endpoint(id);
    expect(unwraps).toHaveBeenCalledTimes(1);
  });

  it('cannot be read by a Worker without the key; the webhook then waits', async () => {
    const id = await hub.register();
    forget({ kind: 'channel', organization_id: hub.organizationId, channel_id: id });
    const keyless = consumerDeps({ ...testEnv, SECRETS_KEY: '' });
    const leased = { organization_id: hub.organizationId, receiver: channelReceiver(id), webhook_id: null };
    await expect(keyless.endpoint(leased)).rejects.toThrow('SECRETS_KEY is not set');
    expect(await endpoint(id)).toMatchObject({ kind: 'open', destination: { secrets: [SECRET] } });
  });

  it('has both secrets during the grace of a rotation and one after it', async () => {
    const id = await hub.register();
    const before = (await hub.get(`/${id}/secret`)).json['secret'];
    const after = (await hub.request('POST', `/${id}/secret/rotate`, { grace_seconds: 60 })).json['secret'];
    expect(await endpoint(id)).toMatchObject({ destination: { secrets: [after, before] } });
    await testEnv.DB.prepare('UPDATE channels SET previous_secret_expires_at = 1 WHERE id = ?').bind(id).run();
    forget({ kind: 'channel', organization_id: hub.organizationId, channel_id: id });
    expect(await endpoint(id)).toMatchObject({ destination: { secrets: [after] } });
  });

  it('has one secret once the grace is over, even while its row is kept', async () => {
    setClock(Date.now());
    const id = await hub.register();
    const after = (await hub.request('POST', `/${id}/secret/rotate`, { grace_seconds: 1 })).json['secret'];
    vi.setSystemTime(Date.now() + 500);
    expect((await endpoint(id)) as { destination: object }).toMatchObject({
      destination: { secrets: [after, SECRET] },
    });
    const D1 = vi.spyOn(testEnv.DB, 'prepare');
    vi.setSystemTime(Date.now() + 500);
    expect(await endpoint(id)).toMatchObject({ destination: { secrets: [after] } });
    expect(D1).not.toHaveBeenCalled();
  });

  it('is looked up once a second', async () => {
    setClock(Date.now());
    const id = await hub.register();
    await endpoint(id);
    await testEnv.DB.prepare('UPDATE channels SET is_webhook_enabled = 0 WHERE id = ?').bind(id).run();
    vi.setSystemTime(Date.now() + 999);
    expect(await endpoint(id)).toMatchObject({ kind: 'open' });
    vi.setSystemTime(Date.now() + 1);
    expect(await endpoint(id)).toEqual({ kind: 'disabled' });
  });

  it('is not that of another organization', async () => {
    const id = await hub.register();
    const other = await Gateway.open();
    expect(await endpoint(id, other.organizationId)).toEqual({ kind: 'channel_deleted' });
  });

  it('is unknown while D1 is away, or for a receiver of a later version', async () => {
    const id = await hub.register();
    const broken = consumerDeps({ ...testEnv, DB: brokenDatabase });
    const head = { organization_id: hub.organizationId, receiver: channelReceiver(id), webhook_id: null };
    await expect(broken.endpoint(head)).rejects.toThrow();
    await expect(deps.endpoint({ ...head, receiver: 'mailbox/m1' })).rejects.toThrow();
  });
});

describe('a wake-up', () => {
  it('is sent with a delay that the queue accepts', async () => {
    const sent: unknown[] = [];
    const queue = { send: async (body: unknown, options: unknown) => void sent.push([body, options]) };
    const { send } = consumerDeps({ ...testEnv, WEBHOOKS: queue } as unknown as Env);
    const wakeUp = { v: 1 as const, thread: 't', receiver: 'channel/c', track: 'lane' as const, drain: false };
    await send(wakeUp, 86_400);
    await send(wakeUp, 0.5);
    expect(sent).toEqual([
      [wakeUp, { delaySeconds: 43_200 }],
      [wakeUp, { delaySeconds: 1 }],
    ]);
  });
});
