import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { type AttemptDeps, attemptCall, attemptWebhook, sentUrl } from '../../../src/delivery/attempt.ts';
import { newSecret } from '../../../src/delivery/signature.ts';

const SECRET = newSecret();
const WEBHOOK = { id: '01890000-0000-7000-8000-000000000001', body: '{"event_type":"message_created"}' };
const AMPLE = 30_000;
const SHORT = 60;

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function receiver(subscriber: RequestListener): Promise<string> {
  const server = createServer(subscriber);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/hook`;
}

function clock(times: number[]): () => number {
  return () => times.shift() ?? Date.now();
}

async function attempt(url: string, change: Partial<AttemptDeps> = {}) {
  const deps: AttemptDeps = {
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    deadline_milliseconds: AMPLE,
    allow_insecure_loopback: true,
    ...change,
  };
  return await attemptWebhook(deps, { url, secrets: [SECRET], own_origins: [] }, WEBHOOK);
}

describe('attemptWebhook', () => {
  it('posts the signed body and reports the answer', async () => {
    let seen: { method?: string; headers: IncomingHttpHeaders; body: string } | null = null;
    const url = await receiver((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        seen = { ...(request.method === undefined ? {} : { method: request.method }), headers: request.headers, body };
        response.end('thank you');
      });
    });
    const at = Date.now();
    const result = await attempt(url, { now: clock([at, at + 42]) });
    expect(result).toEqual({
      is_delivered: true,
      attempt: { at, duration: 42, status: 200, response: 'thank you', error: null },
      retry_after: null,
    });
    expect(seen).toMatchObject({
      method: 'POST',
      body: WEBHOOK.body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'UMI-Webhooks/1',
        'webhook-id': WEBHOOK.id,
        'webhook-timestamp': String(Math.floor(at / 1000)),
      },
    });
    const headers = (seen as unknown as { headers: Record<string, string> }).headers;
    expect(new Verifier(SECRET).verify(WEBHOOK.body, headers)).toEqual(JSON.parse(WEBHOOK.body));
  });

  it.each([201, 202, 204, 299])('counts %i as delivered', async (status) => {
    const url = await receiver((_, response) => response.writeHead(status).end());
    expect(await attempt(url)).toMatchObject({ is_delivered: true, attempt: { status, response: '', error: null } });
  });

  it.each([400, 404, 410, 429, 500, 503])('counts %i as a failure', async (status) => {
    const url = await receiver((_, response) => response.writeHead(status).end('no'));
    expect(await attempt(url)).toMatchObject({
      is_delivered: false,
      attempt: { status, response: 'no', error: null },
      retry_after: null,
    });
  });

  it('reads Retry-After of a failure only', async () => {
    const headers = { 'retry-after': '120' };
    const failing = await receiver((_, response) => response.writeHead(503, headers).end());
    expect((await attempt(failing)).retry_after).toBe(120);
    const succeeding = await receiver((_, response) => response.writeHead(200, headers).end());
    expect((await attempt(succeeding)).retry_after).toBeNull();
  });

  it.each([301, 302, 303, 307, 308])('never follows a %i', async (status) => {
    let requests = 0;
    const target = await receiver((_, response) => {
      requests += 1;
      response.end();
    });
    const url = await receiver((_, response) => response.writeHead(status, { location: target }).end());
    expect(await attempt(url)).toMatchObject({
      is_delivered: false,
      attempt: { status, error: 'redirect refused' },
    });
    expect(requests).toBe(0);
  });

  it.each([300, 304, 305])('takes %i as the failure that it is, not as a redirect', async (status) => {
    const url = await receiver((_, response) => response.writeHead(status).end());
    expect(await attempt(url)).toMatchObject({ is_delivered: false, attempt: { status, error: null } });
  });

  it('gives up on a receiver that never answers', async () => {
    const url = await receiver(() => {});
    const { is_delivered, attempt: made } = await attempt(url, { deadline_milliseconds: SHORT });
    expect(is_delivered).toBe(false);
    expect(made).toMatchObject({ status: null, response: null, error: 'timeout' });
  });

  it('gives up on a 200 whose body never comes', async () => {
    const url = await receiver((_, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    const { is_delivered, attempt: made } = await attempt(url, { deadline_milliseconds: SHORT });
    expect(is_delivered).toBe(false);
    expect(made.error).toBe('timeout');
  });

  it('gives up on a 200 that drips', async () => {
    const url = await receiver((_, response) => {
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(drip));
    });
    const { is_delivered, attempt: made } = await attempt(url, { deadline_milliseconds: SHORT });
    expect(is_delivered).toBe(false);
    expect(made.error).toBe('timeout');
  });

  it('counts an endless 200 as delivered after 16 KB and closes the connection', async () => {
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await receiver((_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('y'.repeat(1024)));
      };
      response.on('drain', pour);
      response.on('close', closed);
      pour();
    });
    const result = await attempt(url);
    expect(result).toMatchObject({ is_delivered: true, attempt: { status: 200, error: null } });
    expect(result.attempt.response).toBe('y'.repeat(2048));
    await isClosed;
  });

  it('keeps 2,048 bytes of the answer as text and replaces invalid UTF-8', async () => {
    const url = await receiver((_, response) => {
      response.end(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`ä${'z'.repeat(3000)}`)]));
    });
    const { attempt: made } = await attempt(url);
    expect(made.response).toBe(`\uFFFD\uFFFDä${'z'.repeat(2044)}`);
  });

  it('leaves out the character that the cut splits', async () => {
    const url = await receiver((_, response) => response.end(`${'z'.repeat(2046)}😀 and more`));
    expect((await attempt(url)).attempt.response).toBe('z'.repeat(2046));
  });

  /** What the runtime hands over when it is told to leave the answer's body as it came. */
  const labelled = async (encoding: string, bytes: Uint8Array<ArrayBuffer>) => {
    const asked: RequestInit[] = [];
    const result = await attempt('https://receiver.example.com/', {
      fetch: async (_, init) => {
        asked.push(init);
        return new Response(bytes, { headers: { 'content-encoding': encoding } });
      },
    });
    expect(asked).toMatchObject([{ encodeResponseBody: 'manual' }]);
    return result;
  };

  it.each(['gzip', 'deflate', 'br', 'zstd', 'no coding'])(
    'takes a 2xx whose body is no %s as delivered',
    async (label) => {
      const delivered = { is_delivered: true, retry_after: null };
      const plain = await labelled(label, Buffer.from('thank you'));
      expect(plain).toMatchObject({ ...delivered, attempt: { status: 200, response: 'thank you', error: null } });
      const empty = await labelled(label, new Uint8Array());
      expect(empty).toMatchObject({ ...delivered, attempt: { status: 200, response: '', error: null } });
    },
  );

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('logs the beginning of what was compressed by %s', async (label, compress) => {
    const text = Array.from({ length: 3000 }, (_, place) => `line ${place * 7919}`).join('\n');
    const { attempt: made } = await labelled(label, new Uint8Array(compress(text)));
    expect(made.response).toBe(text.slice(0, 2048));
  });

  it('logs as it came what would become too large', async () => {
    const bytes = new Uint8Array(gzipSync('a'.repeat(1_000_000)));
    const { is_delivered, attempt: made } = await labelled('gzip', bytes);
    expect(is_delivered).toBe(true);
    expect(made.response).toBe(new TextDecoder().decode(bytes));
  });

  it('reports a connection that was closed without an answer', async () => {
    const url = await receiver((request) => request.socket.destroy());
    expect(await attempt(url)).toMatchObject({
      is_delivered: false,
      attempt: { status: null, error: 'connection failed' },
    });
  });

  it('reports a connection that was closed inside the body', async () => {
    const url = await receiver((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => request.socket.destroy());
    });
    const result = await attempt(url);
    expect(result.is_delivered).toBe(false);
    expect(result.attempt.error).toBe('connection failed');
  });

  it('reports an answer that is not HTTP', async () => {
    const url = await receiver((request) => request.socket.end('garbage\r\n\r\n'));
    expect((await attempt(url)).attempt).toMatchObject({ status: null, error: 'connection failed' });
  });

  it('reports a refused connection', async () => {
    const url = await receiver(() => {});
    const server = servers.splice(0)[0];
    await new Promise((resolve) => server?.close(resolve));
    expect((await attempt(url)).attempt).toMatchObject({ status: null, error: 'connection failed' });
  });

  it('sends nothing to a URL that the guard refuses', async () => {
    let requests = 0;
    const url = await receiver(() => {
      requests += 1;
    });
    const result = await attempt(url, { allow_insecure_loopback: false, now: clock([1_000]) });
    expect(result).toEqual({
      is_delivered: false,
      attempt: { at: 1_000, duration: 0, status: null, response: null, error: 'url refused: must use https' },
      retry_after: null,
    });
    expect(requests).toBe(0);
  });
});

describe('attemptCall', () => {
  const deps: AttemptDeps = {
    fetch: (input, init) => fetch(input, init),
    now: Date.now,
    deadline_milliseconds: AMPLE,
    allow_insecure_loopback: true,
  };

  it('is one GET with only the URL, and does not follow a redirect', async () => {
    const seen: string[] = [];
    const url = await receiver((request, response) => {
      const signed = request.headers['webhook-signature'] ?? 'unsigned';
      seen.push(`${request.method} ${request.url} ${request.headers['user-agent']} ${signed}`);
      response.writeHead(302, { location: '/other' }).end();
    });
    const destination = { url: `${url}?tenant=a%20b&type=uninstall`, own_origins: [] };
    expect(await attemptCall(deps, destination)).toMatchObject({
      is_delivered: false,
      attempt: { status: 302, error: 'redirect refused' },
    });
    expect(seen).toEqual(['GET /hook?tenant=a%20b&type=uninstall UMI-Webhooks/1 unsigned']);
  });

  it('is guarded and ends at its deadline, like a webhook', async () => {
    const silent = await receiver(() => {});
    const hasty = { ...deps, deadline_milliseconds: SHORT };
    expect((await attemptCall(hasty, { url: silent, own_origins: [] })).attempt.error).toBe('timeout');
    const guarded = await attemptCall(deps, { url: 'https://10.0.0.1/', own_origins: [] });
    expect(guarded.attempt.error).toBe('url refused: must not point to a private or reserved address');
  });
});

describe('sentUrl', () => {
  it('is the URL of the request: with its query, without its fragment', () => {
    expect(sentUrl('HTTPS://Receiver.example.com/a?key=a%20b&x=%2f+1#part')).toBe(
      'https://receiver.example.com/a?key=a%20b&x=%2f+1',
    );
    expect(sentUrl('no url')).toBe('no url');
  });
});
