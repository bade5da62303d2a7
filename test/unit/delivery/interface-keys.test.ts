import { afterEach, describe, expect, it, vi } from 'vitest';
import { withApiKey, withoutKey } from '../../../src/delivery/api-key.ts';
import { attemptWebhook } from '../../../src/delivery/attempt.ts';
import { endpointOfChannel } from '../../../src/delivery/endpoint.ts';
import { DeliveryRun } from '../../support/delivery-run.ts';

const CHANNEL = {
  kind: 'rpc' as 'umi' | 'rpc' | 'threads',
  reply_webhook_url: 'https://gateway.example.com/hub',
  max_retry_count: 3,
  is_webhook_enabled: 1 as const,
  secret: 'whsec_AAAA',
  previous_secret: null,
  previous_secret_expires_at: null,
  registered_origin: 'https://hub.example',
  webhook_key: 'known' as string | null,
  deleted_at: null,
};
const endpointOf = (change: Partial<typeof CHANNEL>) => endpointOfChannel({ ...CHANNEL, ...change }, 1, '');

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the key of an interface', () => {
  it('goes into the body of JSON-RPC, into a header of the threads API, and nowhere in UMI', () => {
    expect(endpointOf({})).toMatchObject({ api_key: 'known' });
    expect(endpointOf({ kind: 'threads' })).toMatchObject({ destination: { api_key: 'known' } });
    expect(JSON.stringify(endpointOf({ kind: 'umi' }))).not.toContain('known');
    expect(JSON.parse(withApiKey('{"method":"read","params":{"sessionid":"s"}}', 'known'))).toEqual({
      method: 'read',
      params: { sessionid: 's' },
      api_key: 'known',
    });
  });

  it('is signed with the body, and sent as a header', async () => {
    const sent: Headers[] = [];
    const deps = {
      fetch: async (_url: URL, init: RequestInit) => {
        sent.push(new Headers(init.headers));
        return new Response('ok');
      },
      now: () => 1000,
      deadline_milliseconds: 1000,
      allow_insecure_loopback: false,
    };
    const destination = { url: 'https://gateway.example.com/', secrets: ['whsec_AAAA'], own_origins: [] };
    await attemptWebhook(deps, { ...destination, api_key: 'known' }, { id: 'w1', body: '{}' });
    await attemptWebhook(deps, destination, { id: 'w1', body: '{}' });
    expect(sent.map((headers) => headers.get('x-api-key'))).toEqual(['known', null]);
    expect(sent[0]?.get('webhook-signature')).toMatch(/^v1,/);
  });

  it('is sent with each attempt, and not logged when the receiver answers with what it got', async () => {
    const run = new DeliveryRun();
    run.lane.accept('d1');
    run.endpoint = () => ({
      kind: 'open',
      destination: { url: 'https://gateway.example.com/', secrets: ['whsec_AAAA'], own_origins: [] },
      max_retry_count: 3,
      api_key: 'known',
    });
    run.responseOf = () => 'got known';
    await run.deliver();
    expect(run.attempts.map(({ body }) => JSON.parse(body))).toEqual([expect.objectContaining({ api_key: 'known' })]);
    expect(run.lane.outcomes).toEqual([expect.objectContaining({ kind: 'delivered' })]);
    expect(JSON.stringify(run.lane.outcomes)).not.toContain('known');
    const attempt = { at: 1, duration: 1, status: 200, response: 'got known and known', error: null };
    expect(withoutKey(attempt, 'known').response).toBe('got (key) and (key)');
    expect(withoutKey(attempt, undefined)).toEqual(attempt);
  });
});

describe('the endpoint of an interface', () => {
  it('is closed while it has no URL', () => {
    expect(endpointOf({ reply_webhook_url: '' })).toEqual({ kind: 'disabled' });
  });
});
