import { Webhook } from 'standardwebhooks';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectDocumentedWebhook } from '../../support/worker/documented-webhook.ts';
import { Gateway, RECEIVER_URL } from '../../support/worker/gateway.ts';

let hub: Gateway;

beforeAll(async () => {
  hub = await Gateway.open();
});

afterEach(() => {
  vi.restoreAllMocks();
});

type Sent = { url: string; headers: Record<string, string>; body: string; redirect: string | undefined };

/** Replaces the receiver. Records the requests and answers with the result of `answer`. */
function receive(answer: () => Response): Sent[] {
  const sent: Sent[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    sent.push({ url: String(input), headers, body: String(init?.body), redirect: init?.redirect });
    return answer();
  });
  return sent;
}

async function secretOf(id: string): Promise<string> {
  return String((await hub.get(`/${id}/secret`)).json['secret']);
}

function isSignedWith(secret: string, { body, headers }: Sent): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

describe('the secret of a channel', () => {
  it('is random, and shown only by its own path', async () => {
    const id = await hub.register();
    const shown = await hub.get(`/${id}/secret`);
    expect(shown.json).toEqual({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      previous_secret_expires_at: null,
    });
    const other = await hub.register();
    expect(await secretOf(other)).not.toBe(shown.json['secret']);
    for (const answer of [await hub.get(`/${id}`), await hub.get(''), await hub.request('PATCH', `/${id}`, {})]) {
      expect(answer.text).not.toContain('whsec_');
    }
  });

  it('signs beside the new one during the grace of a rotation', async () => {
    const id = await hub.register();
    const before = await secretOf(id);
    const start = Date.now();
    const rotated = await hub.request('POST', `/${id}/secret/rotate`, {});
    expect(rotated.status).toBe(200);
    const after = String(rotated.json['secret']);
    expect(after).not.toBe(before);
    expect(await hub.get(`/${id}/secret`)).toMatchObject({ json: rotated.json });
    const until = Date.parse(String(rotated.json['previous_secret_expires_at']));
    expect(until).toBeGreaterThanOrEqual(start + 86_400_000);
    const sent = receive(() => new Response('ok'));
    await hub.request('POST', `/${id}/test`);
    expect(sent.map((webhook) => [isSignedWith(after, webhook), isSignedWith(before, webhook)])).toEqual([
      [true, true],
    ]);
    expect(sent[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });

  it('is replaced at once without a grace', async () => {
    const id = await hub.register();
    const before = await secretOf(id);
    const rotated = await hub.request('POST', `/${id}/secret/rotate`, { grace_seconds: 0 });
    expect(rotated.json['previous_secret_expires_at']).toBeNull();
    const sent = receive(() => new Response('ok'));
    await hub.request('POST', `/${id}/test`);
    expect(sent.map((webhook) => isSignedWith(before, webhook))).toEqual([false]);
    expect(sent[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(1);
  });

  it.each([-1, 604_801, 1.5, 'a day', null])('refuses a grace of %j', async (grace_seconds) => {
    const id = await hub.register();
    const before = await secretOf(id);
    const answer = await hub.request('POST', `/${id}/secret/rotate`, { grace_seconds });
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['grace_seconds']]);
    expect(await secretOf(id)).toBe(before);
  });
});

describe('the test of a channel', () => {
  it('sends a signed event and reports the answer', async () => {
    const id = await hub.register({ is_webhook_enabled: false });
    const sent = receive(() => new Response('thank you', { status: 201 }));
    const answer = await hub.request('POST', `/${id}/test`);
    expect([answer.status, answer.json]).toEqual([
      200,
      { success: true, status: 201, duration_ms: expect.any(Number), response: 'thank you', error: null },
    ]);
    const [webhook] = sent;
    expect(webhook).toMatchObject({ url: RECEIVER_URL, redirect: 'manual' });
    expectDocumentedWebhook('test', JSON.parse(webhook?.body ?? ''));
    expect(JSON.parse(webhook?.body ?? '')).toEqual({
      event_type: 'test',
      messaging_channel: 'email',
      channel_config_id: id,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(webhook !== undefined && isSignedWith(await secretOf(id), webhook)).toBe(true);
    await hub.request('POST', `/${id}/test`);
    expect(sent[1]?.headers['webhook-id']).not.toBe(webhook?.headers['webhook-id']);
    expect(hub.sent).toEqual([]);
  });

  it.each([
    [500, 'broken', null],
    [302, '', 'redirect refused'],
  ])('reports a %i', async (status, text, error) => {
    const id = await hub.register();
    receive(() => new Response(text, { status, headers: status === 302 ? { location: 'http://127.0.0.1/' } : {} }));
    const { json } = await hub.request('POST', `/${id}/test`);
    expect(json).toMatchObject({ success: false, status, response: text, error });
  });

  it('reports a failed connection without the text of the runtime', async () => {
    const id = await hub.register();
    receive(() => {
      throw new TypeError('internal error; reference = abc');
    });
    const { json } = await hub.request('POST', `/${id}/test`);
    expect(json).toMatchObject({ success: false, status: null, response: null, error: 'connection failed' });
  });

  it('sends nothing to a URL that is no longer allowed', async () => {
    const id = await hub.register({ reply_webhook_url: 'http://127.0.0.1:9000/' });
    const sent = receive(() => new Response('ok'));
    const strict = { env: { ALLOW_INSECURE_WEBHOOKS: '0' } };
    const { json } = await hub.request('POST', `/${id}/test`, undefined, strict);
    expect(json).toMatchObject({ success: false, status: null, error: 'url refused: must use https' });
    expect(sent).toEqual([]);
  });
});
