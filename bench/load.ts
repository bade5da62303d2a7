/** The load generator: keep-alive connections, each with one request in flight, until the count is reached. Started by measure.ts. */
import { connect, type Socket } from 'node:net';
import type { LoadJob, LoadResult } from './load-job.ts';
import { type RawResponse, ResponseReader } from './response-reader.ts';

async function runLoad(job: LoadJob): Promise<LoadResult> {
  const result: LoadResult = {
    seconds: 0,
    latencies: [],
    unexpected: {},
    d1Trips: 0,
    d1RowsRead: 0,
    d1RowsWritten: 0,
    threadRowsWritten: 0,
  };
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job.port)));
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    sockets.map((socket) => converse(socket, () => (next < job.count ? requestText(job, next++) : null), job, result)),
  );
  result.seconds = (performance.now() - begin) / 1000;
  for (const socket of sockets) socket.destroy();
  result.latencies.sort((a, b) => a - b);
  return result;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function converse(socket: Socket, nextRequest: () => string | null, job: LoadJob, result: LoadResult): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseReader();
    let sent = 0;
    function send(): void {
      const request = nextRequest();
      if (request === null) {
        resolve();
        return;
      }
      sent = performance.now();
      socket.write(request);
    }
    socket.on('data', (chunk: Buffer) => {
      const response = reader.push(chunk);
      if (response === null) return;
      result.latencies.push(performance.now() - sent);
      record(response, job, result);
      send();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    send();
  });
}

function record(response: RawResponse, job: LoadJob, result: LoadResult): void {
  if (response.status !== job.expectedStatus) {
    result.unexpected[response.status] = (result.unexpected[response.status] ?? 0) + 1;
  }
  if (response.serverTiming === null) return;
  const d1 = /d1;desc="([^"]*)"/.exec(response.serverTiming)?.[1] ?? '';
  const thread = /thread;desc="([^"]*)"/.exec(response.serverTiming)?.[1] ?? '';
  result.d1Trips += part(d1, 'trips');
  result.d1RowsRead += part(d1, 'read');
  result.d1RowsWritten += part(d1, 'written');
  result.threadRowsWritten += part(thread, 'written');
}

function part(description: string, name: string): number {
  const value = new RegExp(`(?:^|;)${name}=([\\d.]+)`).exec(description)?.[1];
  return value === undefined ? 0 : Number(value);
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

process.once('message', (job: LoadJob) => {
  runLoad(job).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
