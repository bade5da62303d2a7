import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newTicket } from '../../scripts/live-ticket.ts';
import { projectPath } from '../../scripts/project.ts';
import type { PublishRequest } from '../../src/rpc/live-hub.ts';
import { organizationHub } from '../../src/rpc/live-hub.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { RawSocket } from '../support/local/raw-socket.ts';
import { updateOf as toldOf } from '../support/sample-sockets.ts';

let hub: TestHub;
let folder: string;

beforeAll(async () => {
  hub = await openHub({ sideDoor: true });
  folder = await mkdtemp(join(tmpdir(), 'umi-live-'));
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The threads of this file. Each has its own events. */
let threads = 0;

/** A thread that publishes to the hub of the demo organization's users, as its object does. */
async function feeder() {
  const { organization_id } = hub.demo;
  const name = organizationHub(organization_id);
  threads += 1;
  const thread = `thread-${threads}`;
  let seq = 0;
  return async (texts: string[]) => {
    const entries = texts.map((text) => {
      seq += 1;
      const event = toldOf(seq, text);
      const room = { id: hub.demo.room_id, organization_id };
      return { ...event, at: Date.now(), place: { ...event.place, room } };
    });
    const feed: PublishRequest = { v: 1, hub: name, thread, entries, upto: seq };
    expect(await hub.hub.sideDoor?.callObject('LIVE', name, 'feed', feed)).toEqual({ ok: true });
  };
}

type Notification = { resource: { text: string } };
type ExampleOptions = {
  url: string;
  ticket: () => Promise<string>;
  channels: string[];
  onNotification: (notification: Notification) => void;
  onRefused?: (refused: unknown[]) => void;
};
type Example = { number: number | null; start(): Promise<void>; stop(): void };

/** The client of docs/live.md, as printed there. */
async function exampleClient(options: ExampleOptions): Promise<Example> {
  const text = await readFile(projectPath('docs/live.md'), 'utf8');
  const code = /```js\n(\/\*\*\n[\s\S]*?)```/.exec(text)?.[1];
  if (code === undefined) throw new Error('docs/live.md has no client');
  const path = join(folder, 'client.mjs');
  await writeFile(path, code);
  const { LiveClient } = (await import(pathToFileURL(path).href)) as { LiveClient: new (o: ExampleOptions) => Example };
  return new LiveClient(options);
}

/** Texts that arrive one by one. `reached` resolves when a number of them has arrived. */
function inbox() {
  const texts: string[] = [];
  let watch = { count: 0, resolve: () => {} };
  return {
    texts,
    take: ({ resource }: Notification) => {
      texts.push(resource.text);
      if (texts.length >= watch.count) watch.resolve();
    },
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        watch = { count, resolve };
        if (texts.length >= count) resolve();
      }),
  };
}

const range = (count: number) => Array.from({ length: count }, (_, place) => place);
const messages = () => `/api/v5/orgs/${hub.demo.organization_id}/owned_chats/*/messages`;
const livePath = () => `/api/v5/users/${hub.demo.agent.id}/live`;
const agentTicket = () => newTicket(`${hub.hub.url}${livePath()}`, hub.demo.agent.token);
const agentSocket = (onNotification: (notification: Notification) => void) => ({
  url: `${hub.hub.url.replace('http', 'ws')}${livePath()}`,
  ticket: agentTicket,
  channels: [messages()],
  onNotification,
});

/** A subscription counts from its answer on, when the client has a number. */
async function started(client: Example): Promise<void> {
  await client.start();
  while (client.number === null) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('the client of docs/live.md', () => {
  test('gets everything once, in order, although its program ends in between', async () => {
    const feed = await feeder();
    const heard = inbox();
    let client = await exampleClient(agentSocket(heard.take));
    await started(client);
    const expected: string[] = [];
    const feeding = (async () => {
      for (const batch of range(60)) {
        const texts = range(20).map((place) => `${batch}/${place}`);
        expected.push(...texts);
        await feed(texts);
      }
    })();
    for (const count of [150, 500, 900]) {
      await heard.reached(count);
      client.stop();
      const { number } = client;
      client = await exampleClient({ ...agentSocket(heard.take), ...{ number } });
      await client.start();
    }
    await feeding;
    await heard.reached(1200);
    expect(heard.texts).toEqual(expected);
    client.stop();
  });
});

describe('the client of docs/live.md, started again before it is connected', () => {
  test('has one connection, and leaves no other open', async () => {
    const Platform = globalThis.WebSocket;
    const opened: WebSocket[] = [];
    vi.stubGlobal(
      'WebSocket',
      class extends Platform {
        constructor(...parameters: ConstructorParameters<typeof WebSocket>) {
          super(...parameters);
          opened.push(this);
        }
      },
    );
    const gate = Promise.withResolvers<void>();
    const client = await exampleClient({ ...agentSocket(() => {}), ticket: () => gate.promise.then(agentTicket) });
    const first = client.start();
    client.stop();
    const second = client.start();
    gate.resolve();
    await Promise.all([first, second]);
    await started(client);
    const stillOpen = () => opened.filter(({ readyState }) => readyState <= Platform.OPEN).length;
    expect(stillOpen()).toBe(1);
    client.stop();
    expect(stillOpen()).toBe(0);
    vi.unstubAllGlobals();
  });
});

describe('a client that stops reading', () => {
  test('is sent a thousand frames, delays nobody and loses nothing', async () => {
    const feed = await feeder();
    const stuck = await RawSocket.open(hub.hub.port, livePath(), hub.demo.agent.token);
    stuck.send({ type: 'subscribe', channels: [messages()] });
    await stuck.received(2);
    stuck.pause();
    const heard = inbox();
    const diligent = await exampleClient(agentSocket(heard.take));
    await started(diligent);
    const expected = range(3000).map((place) => `${place} ${'x'.repeat(2000)}`);
    for (let fed = 0; fed < 3000; fed += 250) await feed(expected.slice(fed, fed + 250));
    await heard.reached(3000);
    expect(heard.texts).toEqual(expected);
    stuck.resume();
    stuck.send({ type: 'unsubscribe', channels: ['nothing'] });
    const kinds = () => stuck.frames.map(({ type }) => type);
    while (!kinds().includes('unsubscribed')) await stuck.received(stuck.frames.length + 1);
    expect(kinds().indexOf('unsubscribed')).toBe(1000);
    while (stuck.frames.length < 3003) {
      const last = stuck.frames.findLast(({ type }) => type === 'notifications');
      stuck.send({ type: 'ack', number: last?.['number'] });
      await stuck.received(stuck.frames.length + 1);
    }
    const told = stuck.frames.filter(({ type }) => type === 'notifications');
    const texts = told.map((frame) => (frame['notifications'] as Notification[])[0]?.resource.text);
    expect(texts).toEqual(expected);
    stuck.close();
    diligent.stop();
  });
});
