import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A request that reached the receiver, its body read to the end. Header names are lower-case. */
export type ReceivedRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** 0 for the first request that the receiver got. */
  index: number;
};

/** `after`: ms until it answers. `settled` is called with whether the connection was still open for the answer. */
export type Answer = {
  kind: 'answer';
  status: number;
  headers?: Record<string, string>;
  body?: string;
  after?: number;
  settled?: (isSent: boolean) => void;
};

/** How the receiver answers a request. */
export type Reply =
  | Answer
  /** Never answers. */
  | { kind: 'hang' }
  /** Answers 200 at once, then sends one byte each `interval` ms forever. */
  | { kind: 'drip'; interval: number }
  /** Answers 200 and never ends the body, which is sent as fast as it is read. */
  | { kind: 'endless' }
  /** Cuts the connection without an answer. */
  | { kind: 'reset' };

export type Behaviour = (request: ReceivedRequest) => Reply;

export type WebhookReceiver = {
  /** Address of the receiver on 127.0.0.1, no slash at the end; every path is served. */
  url: string;
  /** All requests so far, in the order in which their bodies ended. */
  requests: readonly ReceivedRequest[];
  /** Changes the answers to later requests. */
  behave(behaviour: Behaviour): void;
  /**
   * Resolves with the first matching request, even one that arrived before. Rejects after `patience` ms (20 s by
   * default) with a list of the requests.
   */
  waitFor(fits: (request: ReceivedRequest) => boolean, patience?: number): Promise<ReceivedRequest>;
  /** Resolves when the requests together match, for instance by their number. Rejects like `waitFor`. */
  waitUntil(fits: (requests: readonly ReceivedRequest[]) => boolean, patience?: number): Promise<void>;
  /** Closes the receiver and every connection to it. */
  stop(): Promise<void>;
};

const PATIENCE_MILLISECONDS = 20_000;
const ENDLESS_CHUNK = Buffer.alloc(16_384, 0x2e);

export function answer(status: number, headers: Record<string, string> = {}, body = ''): Answer {
  return { kind: 'answer', status, headers, body };
}

/** Answers each path with these statuses in turn, then with the last one forever. */
export function statusSequence(...statuses: [number, ...number[]]): Behaviour {
  const counts = new Map<string, number>();
  return ({ path }) => {
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    return answer(statuses[Math.min(count, statuses.length - 1)] ?? 200);
  };
}

/**
 * Answers 500 to this share of the requests (0 to 1) and 200 to the others, the same ones in each run with the same
 * seed.
 */
export function failureRate(share: number, seed = 1): Behaviour {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return answer(state / 2 ** 32 < share ? 500 : 200);
  };
}

/** Starts a receiver on a free port of 127.0.0.1. It answers 200 by default. */
export async function startReceiver(behaviour: Behaviour = () => answer(200)): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  const watchers = new Set<() => void>();
  let behave = behaviour;

  async function receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: ReceivedRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks).toString('utf8'),
      index: requests.length,
    };
    requests.push(request);
    reply(response, behave(request));
    for (const watcher of [...watchers]) watcher();
  }
  const server = createServer((incoming, response) => {
    receive(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the receiver has no address');

  function watch<Value>(find: () => Value | undefined, patience = PATIENCE_MILLISECONDS): Promise<Value> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`the awaited webhook did not arrive within ${patience} ms; ${summary(requests)}`));
      }, patience);
      function look(): void {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      }
      watchers.add(look);
      look();
    });
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    behave(next) {
      behave = next;
    },
    waitFor: (fits, patience) => watch(() => requests.find(fits), patience),
    async waitUntil(fits, patience) {
      await watch(() => (fits(requests) ? true : undefined), patience);
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function reply(response: ServerResponse, what: Reply): void {
  switch (what.kind) {
    case 'answer':
      if (what.after === undefined) answerNow(response, what);
      else setTimeout(() => answerNow(response, what), what.after);
      return;
    case 'hang':
      return;
    case 'drip': {
      response.writeHead(200).write('.');
      const timer = setInterval(() => response.write('.'), what.interval);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case 'endless':
      response.writeHead(200);
      pour(response);
      return;
    case 'reset':
      response.destroy();
      return;
  }
}

function answerNow(response: ServerResponse, { status, headers, body, settled }: Answer): void {
  settled?.(!response.destroyed);
  response.writeHead(status, headers).end(body ?? '');
}

function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write(ENDLESS_CHUNK));
  if (!response.destroyed) response.once('drain', () => pour(response));
}

function summary(requests: readonly ReceivedRequest[]): string {
  if (requests.length === 0) return 'nothing arrived';
  const last = requests.slice(-5).map(({ path, body }) => `${path} ${body.slice(0, 300)}`);
  return `${requests.length} arrived, the last ones:\n  ${last.join('\n  ')}`;
}
