/**
 * The load generator: keep-alive connections, each with one request in flight, until all are sent. Started by
 * measure.ts.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Arrivals } from './arrivals.ts';
import type { LoadJob, LoadResult, WebhookResult } from './load-job.ts';
import { ResponseReader } from './response-reader.ts';
import { cpuTime } from './runtime-cpu.ts';

/** After this time (ms) without a webhook the missing ones count as lost. */
const WEBHOOK_PATIENCE = 60_000;

/** When a request was due or sent, and when it was answered (`performance.now()`). */
type Exchange = { due: number; answered: number };

async function runLoad(job: LoadJob): Promise<LoadResult> {
  const arrivals = job.webhooks === undefined ? null : new Arrivals(job.webhooks.mark);
  if (arrivals !== null && job.webhooks !== undefined) await arrivals.listen(job.webhooks.port);
  const connections = await Promise.all(Array.from({ length: job.connections }, () => open(job.port)));
  const unexpected: Record<string, number> = {};
  async function exchange(connection: Connection, index: number, due = performance.now()): Promise<Exchange> {
    const status = await connection.send(requestText(job, index));
    if (status !== job.expectedStatus) unexpected[status] = (unexpected[status] ?? 0) + 1;
    return { due, answered: performance.now() };
  }

  await closedLoop(connections, 0, job.warmUp, exchange);
  await arrivals?.waitFor(job.warmUp, WEBHOOK_PATIENCE);
  const cpuBefore = job.runtime === null ? null : cpuTime(job.runtime);
  const begin = performance.now();
  const upTo = job.warmUp + job.count;
  const exchanges =
    job.rate === null
      ? await closedLoop(connections, job.warmUp, upTo, exchange)
      : await openLoop(connections, job.warmUp, upTo, job.rate, exchange);
  await arrivals?.waitFor(upTo, WEBHOOK_PATIENCE);
  await setTimeout(job.silence);
  const cpu = job.runtime === null || cpuBefore === null ? null : cpuTime(job.runtime) - cpuBefore;
  for (const connection of connections) connection.close();

  const answered = [...exchanges.values()].map((each) => each.answered).sort(ascending);
  const end = answered.at(-1) ?? begin;
  const fifth = Math.floor(answered.length / 5);
  const fifthBegin = answered.at(-1 - fifth) ?? begin;
  return {
    seconds: (end - begin) / 1000,
    lastFifth: fifth / ((end - fifthBegin) / 1000),
    latencies: [...exchanges.values()].map((each) => each.answered - each.due).sort(ascending),
    unexpected,
    cpu,
    webhooks: arrivals === null ? null : webhookResult(arrivals, exchanges, begin),
  };
}

type Send = (connection: Connection, index: number, due?: number) => Promise<Exchange>;

/** Each connection sends its next request when it has the answer to the last. */
async function closedLoop(
  connections: readonly Connection[],
  from: number,
  upTo: number,
  send: Send,
): Promise<Map<number, Exchange>> {
  const exchanges = new Map<number, Exchange>();
  let next = from;
  await Promise.all(
    connections.map(async (connection) => {
      while (next < upTo) {
        const index = next++;
        exchanges.set(index, await send(connection, index));
      }
    }),
  );
  return exchanges;
}

/** Requests are due as a Poisson process. One without a free connection waits, and its time runs. */
async function openLoop(
  connections: readonly Connection[],
  from: number,
  upTo: number,
  rate: number,
  send: Send,
): Promise<Map<number, Exchange>> {
  const exchanges = new Map<number, Exchange>();
  const free = [...connections];
  const waiting: { index: number; due: number }[] = [];
  const underWay: Promise<void>[] = [];
  async function serve(connection: Connection, first: { index: number; due: number }): Promise<void> {
    for (let one: typeof first | undefined = first; one !== undefined; one = waiting.shift()) {
      exchanges.set(one.index, await send(connection, one.index, one.due));
    }
    free.push(connection);
  }
  let due = performance.now();
  for (let index = from; index < upTo; index++) {
    due += (-Math.log(1 - Math.random()) / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 0) await setTimeout(wait);
    const connection = free.pop();
    if (connection === undefined) waiting.push({ index, due });
    else underWay.push(serve(connection, { index, due }));
  }
  await Promise.all(underWay);
  return exchanges;
}

function webhookResult(arrivals: Arrivals, exchanges: Map<number, Exchange>, begin: number): WebhookResult {
  const afterAnswer: number[] = [];
  const afterDue: number[] = [];
  let last = begin;
  for (const [index, { due, answered }] of exchanges) {
    const at = arrivals.at.get(index) ?? Number.NaN;
    afterAnswer.push(at - answered);
    afterDue.push(at - due);
    last = Math.max(last, at);
  }
  return {
    seconds: (last - begin) / 1000,
    afterAnswer: afterAnswer.sort(ascending),
    afterDue: afterDue.sort(ascending),
    repeats: arrivals.repeats,
  };
}

type Connection = {
  /** Sends a request. Resolves with the status of its answer. */
  send(request: string): Promise<number>;
  close(): void;
};

async function open(port: number): Promise<Connection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ port, host: '127.0.0.1', noDelay: true });
    opening.once('error', reject);
    opening.once('connect', () => {
      opening.off('error', reject);
      resolve(opening);
    });
  });
  const reader = new ResponseReader();
  let waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;
  socket.on('data', (chunk: Buffer) => {
    const status = reader.push(chunk);
    if (status !== null) waiting?.resolve(status);
  });
  socket.once('error', (error) => waiting?.reject(error));
  socket.once('close', () => waiting?.reject(new Error('the connection was closed')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function requestText(job: LoadJob, index: number): string {
  const thread = index % job.threads;
  const chat = job.chats?.[thread] ?? '';
  const fill = (text: string): string =>
    text.replaceAll('$INDEX', String(index)).replaceAll('$THREAD', String(thread)).replaceAll('$CHAT', chat);
  const body = fill(job.body);
  const headers = {
    Host: `127.0.0.1:${job.port}`,
    ...job.headers,
    ...(job.method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${job.method} ${fill(job.path)} HTTP/1.1\r\n${lines.join('')}\r\n${job.method === 'POST' ? body : ''}`;
}

function ascending(one: number, other: number): number {
  return one - other;
}

process.once('message', (job: LoadJob) => {
  runLoad(job).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
