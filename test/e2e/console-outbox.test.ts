import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Message } from '../../src/console-app/replica/known.ts';
import { Outbox } from '../../src/console-app/replica/outbox.ts';
import { BreakableNetwork } from '../support/local/breakable-network.ts';
import { consolePorts, hurriedClock } from '../support/local/console-ports.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import { MemoryStorage } from '../support/memory-storage.ts';

const SENDS = 200;
const CHATS = 4;

let hub: TestHub;
let network: BreakableNetwork;

beforeAll(async () => {
  hub = await openHub();
  network = await BreakableNetwork.to(hub.hub.port);
});
afterAll(async () => {
  await network.stop();
  await hub.stop();
});

async function openChats(): Promise<string[]> {
  const { client, demo, receiver } = hub;
  const channel = await client.registerChannel(`${receiver.url}/hooks`);
  const chats: string[] = [];
  for (let chat = 0; chat < CHATS; chat++) {
    const { chat_id } = await client.sendMessage(channel.id, `thread-${chat}`, 'Hello', `mail-${chat}`);
    await client.joinChat(demo.agent, chat_id);
    chats.push(chat_id);
  }
  return chats;
}

async function textsOf(chatId: string): Promise<string[]> {
  const { client, demo } = hub;
  const path = `/api/v5/users/${demo.agent.id}/chats/${chatId}/messages?type__in=msg&page_size=200`;
  const { body } = await client.request('GET', path, undefined, demo.agent.token);
  const { results } = body as { results: Message[] };
  return results.filter(({ sender_id }) => sender_id === demo.agent.id).map(({ message }) => message ?? '');
}

test(`${SENDS} messages are stored once each and in order, while the network breaks and the page is loaded again`, async () => {
  const chats = await openChats();
  const storage = new MemoryStorage();
  const { call } = consolePorts(`http://127.0.0.1:${network.port}`, hub.demo.agent);
  const stored = new Map<string, string[]>();
  let requests = 0;
  const open = () => {
    const outbox = new Outbox({
      userId: hub.demo.agent.id,
      call: (request) => {
        requests += 1;
        return call(request);
      },
      clock: hurriedClock(50),
      storage,
      newKey: randomUUID,
      onChange: () => {},
      onStored: ({ key }, { id }) => stored.set(key, [...(stored.get(key) ?? []), id]),
      onSignedOut: () => {
        throw new Error('signed out');
      },
    });
    outbox.flush();
    return outbox;
  };
  const cutting = setInterval(() => {
    if (Math.random() < 0.4) network.cut();
    network.isDown = Math.random() < 0.1;
  }, 40);
  let outbox = open();
  const written = new Map<string, string[]>(chats.map((chat) => [chat, []]));
  let reloads = 0;
  for (let place = 0; place < SENDS; place++) {
    const chat = chats[place % CHATS] ?? '';
    // Some texts are equal: only their keys tell them apart.
    const words = place % 5 === 0 ? 'yes' : `message ${place}`;
    outbox.send(chat, { message: words }, 0);
    written.get(chat)?.push(words);
    if (place % 20 === 19) {
      outbox.stop();
      outbox = open();
      reloads += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await vi.waitFor(() => expect(outbox.entries).toEqual([]), 60_000);
  clearInterval(cutting);
  for (const chat of chats) expect(await textsOf(chat)).toEqual(written.get(chat));
  // A page that was left may hear of the same message as the one after it.
  const ids = [...stored.values()].map((all) => new Set(all));
  expect(ids.filter(({ size }) => size !== 1)).toEqual([]);
  expect([new Set(ids.flatMap((each) => [...each])).size, storage.keys('')]).toEqual([SENDS, []]);
  expect(network.cuts).toBeGreaterThan(20);
  expect(requests).toBeGreaterThan(SENDS);
  console.log(`${SENDS} sends, ${requests} requests, ${network.cuts} cuts, ${reloads} reloads`);
});
