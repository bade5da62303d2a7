import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

type Notification = { channel: string; action: string; resource_id: string; resource: object };
type Client = { start(): Promise<void>; stop(): void };

/** A connection whose other end is the test. */
class MemorySocket {
  static readonly OPEN = 1;
  static last: MemorySocket;
  readonly readyState = MemorySocket.OPEN;
  readonly sent: unknown[] = [];
  onmessage: (event: { data: string }) => void = () => {};

  constructor() {
    MemorySocket.last = this;
  }

  send(text: string): void {
    if (text === 'ping') this.onmessage({ data: 'pong' });
    else this.sent.push(JSON.parse(text));
  }

  close(): void {}

  says(frame: object): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

let told: unknown[];
let client: Client;

/** The client in docs/live.md as it is printed there, connected and subscribed. */
beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', MemorySocket);
  const code = /```js\n(\/\*\*\n[\s\S]*?)```/.exec(await readFile('docs/live.md', 'utf8'))?.[1];
  if (code === undefined) throw new Error('docs/live.md has no client');
  const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  const { LiveClient } = (await import(/* @vite-ignore */ url)) as { LiveClient: new (options: object) => Client };
  told = [];
  client = new LiveClient({
    url: 'wss://hub.example',
    ticket: async () => 'token',
    channels: ['c'],
    onNotification: ({ resource }: Notification) => told.push(resource),
  });
  await client.start();
  MemorySocket.last.says({ type: 'welcome', number: 7, time: '2026-11-21T12:00:00.000Z' });
  MemorySocket.last.says({ type: 'subscribed', channels: ['c'], refused: [], refused_count: 0, number: 7 });
});
afterEach(() => {
  client.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('throws without a WebSocket implementation, instead of retrying forever', async () => {
  vi.stubGlobal('WebSocket', undefined);
  await expect(client.start()).rejects.toThrow('LiveClient needs WebSocket');
});

function composes(composing_status: string, resource_id = 'm'): void {
  const notification = { channel: 'c', action: 'changed', resource_id, resource: { composing_status } };
  MemorySocket.last.says({ type: 'notifications', number: null, notifications: [notification] });
}

describe('the client of docs/live.md', () => {
  const typing = { composing_status: 'typing' };
  const typed = { composing_status: 'typed' };

  it('ends a typing status by itself, 15 s after the last notification', () => {
    composes('typing');
    vi.advanceTimersByTime(10_000);
    composes('typing');
    vi.advanceTimersByTime(14_999);
    expect(told).toEqual([typing, typing]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([typing, typing, typed]);
    vi.advanceTimersByTime(60_000);
    expect(told).toHaveLength(3);
  });

  it('ends it once, and not when the end was notified or the member has stopped', () => {
    composes('typing');
    composes('typing', 'other');
    composes('idle');
    vi.advanceTimersByTime(15_000);
    expect(told).toEqual([typing, typing, { composing_status: 'idle' }, typed]);
    composes('typing');
    client.stop();
    vi.advanceTimersByTime(15_000);
    expect(told).toHaveLength(5);
  });

  it('acknowledges on request', () => {
    MemorySocket.last.says({ type: 'notifications', number: 9, notifications: [] });
    expect(MemorySocket.last.sent).toEqual([{ type: 'subscribe', channels: ['c'], after: null }]);
    MemorySocket.last.says({ type: 'acknowledge' });
    expect(MemorySocket.last.sent.at(-1)).toEqual({ type: 'ack', number: 9 });
  });
});
