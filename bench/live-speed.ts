import { setTimeout } from 'node:timers/promises';
import type { Demo } from '../scripts/demo-file.ts';
import type { DemoHub } from '../scripts/demo-hub.ts';
import { type JsonRequest, requestJson } from '../scripts/json-request.ts';
import { newTicket } from '../scripts/live-ticket.ts';
import { median } from './statistics.ts';

/**
 * `outboxRows`: webhooks that the apps' lanes accepted for each message; `objectRows` counts their indexes and lanes
 * too.
 */
export type WriteCost = {
  listeners: string;
  outboxRows: number;
  objectRows: number;
};

export type LiveSpeed = {
  sockets: number;
  messages: number;
  /** From the request of a message to its frame at each of the sockets, in ms. */
  p50: number;
  p95: number;
  /** The median over messages of the time until the last socket had the frame, in ms. */
  last: number;
  /** The median cost of writing a message, by audience. */
  costs: WriteCost[];
  agents: AgentsSpeed[];
};

/**
 * Agents with one socket each. The same message is routed to all of them. Medians of the time from its request to the
 * first and to the last frame, in ms.
 */
export type AgentsSpeed = {
  agents: number;
  rights: 'known' | 'looked up';
  messages: number;
  first: number;
  last: number;
};

const SOCKETS = 200;
/** A user has at most 20 sockets. */
const USERS = 10;
/** Agents of one organization. */
const AGENTS = 600;
/** A socket acknowledges every 100 frames. */
const ACKNOWLEDGED_EVERY = 50;
/** Longer than an isolate keeps audiences and rights (AUTH_CACHE_SECONDS). ms. */
const AUDIENCE_KNOWN = 31_000;
/** A ledger that has not changed for this long is complete. ms. */
const LEDGER_STILL = 1000;
/** A frame that takes longer counts as lost. ms. */
const PATIENCE = 10_000;

/** A visitor writes through the public API: without an audience, with 200 sockets, and with apps as well. */
export async function measureLive(hub: DemoHub, demo: Demo, messages: number): Promise<LiveSpeed> {
  const visitor = await openChat(demo);
  const apps: InstalledApp[] = [];
  const costsOf = (listeners: string) => writeCosts(demo, apps, visitor, listeners, messages);
  const silent = await costsOf('nobody');
  const sockets = await openSockets(hub, demo);
  // Threads load a new audience within seconds, which is not measured.
  await setTimeout(AUDIENCE_KNOWN);
  try {
    await sendHeard(visitor, sockets, 'warm-up');
    const rounds: number[][] = [];
    for (let place = 0; place < messages; place++) {
      rounds.push(await sendHeard(visitor, sockets, `message ${place}`));
    }
    const all = rounds.flat().sort((one, other) => one - other);
    const costs = [silent, await costsOf(`${SOCKETS} sockets`)];
    for (const count of [1, 3]) {
      apps.push(await installApp(demo, count === 1 ? 1 : 2));
      await setTimeout(AUDIENCE_KNOWN);
      costs.push(await costsOf(`${SOCKETS} sockets, ${count} subscriptions of apps`));
    }
    return {
      sockets: sockets.length,
      messages,
      p50: median(all),
      p95: all[Math.ceil(all.length * 0.95) - 1] ?? Number.NaN,
      last: median(rounds.map((times) => Math.max(...times))),
      costs,
      agents: await measureAgents(hub, demo, visitor, messages),
    };
  } finally {
    for (const { socket } of sockets) socket.close();
  }
}

/**
 * Many agents, each with their own rights: first while the rights are cached, then each time after they have expired.
 */
async function measureAgents(hub: DemoHub, demo: Demo, visitor: Visitor, messages: number): Promise<AgentsSpeed[]> {
  const sockets: Listening[] = [];
  try {
    for (let place = 0; place < AGENTS; place++) {
      const { id, token } = await createUser(demo, place);
      const url = `${hub.url}/api/v5/users/${id}/live`;
      sockets.push(await listen(url, token, [`/api/v5/users/${id}/routed_chats/*/messages`]));
    }
    const measure = async (rights: AgentsSpeed['rights'], count: number, pause: number): Promise<AgentsSpeed> => {
      const rounds: number[][] = [];
      for (let place = 0; place < count; place++) {
        await setTimeout(pause);
        rounds.push(await sendHeard(visitor, sockets, `${rights} ${place}`));
      }
      const first = median(rounds.map((times) => Math.min(...times)));
      const last = median(rounds.map((times) => Math.max(...times)));
      return { agents: AGENTS, rights, messages: count, first, last };
    };
    await sendHeard(visitor, sockets, 'warm-up for agents');
    const known = await measure('known', Math.ceil(messages / 10), 0);
    return [known, await measure('looked up', 3, AUDIENCE_KNOWN)];
  } finally {
    for (const { socket } of sockets) socket.close();
  }
}

type Visitor = { say: (message: string) => Promise<Headers> };

/** A visitor of the demo's room with a chat that belongs to no channel. */
async function openChat(demo: Demo): Promise<Visitor> {
  const below = `/public/orgs/${demo.organization_id}`;
  const session = await send(demo, 'POST', `${below}/auth`, null, {});
  const { visitor_id: id, access_token } = session.body as { visitor_id: string; access_token: string };
  const visitors = `${below}/rooms/${demo.room_id}/visitors`;
  await send(demo, 'POST', visitors, access_token, { id });
  const chat = await send(demo, 'POST', `${visitors}/${id}/chats`, access_token, {});
  const path = `/public/visitors/${id}/chats/${(chat.body as { id: string }).id}/messages`;
  return { say: async (message) => (await send(demo, 'POST', path, access_token, { message })).headers };
}

async function writeCosts(
  demo: Demo,
  apps: readonly InstalledApp[],
  visitor: Visitor,
  listeners: string,
  messages: number,
): Promise<WriteCost> {
  const before = await acceptedBy(demo, apps);
  const timings: string[] = [];
  for (let place = 0; place < messages; place++) {
    timings.push((await visitor.say(`cost ${place}`)).get('server-timing') ?? '');
  }
  return {
    listeners,
    outboxRows: ((await acceptedBy(demo, apps)) - before) / messages,
    objectRows: median(timings.map((each) => rowsWritten(each))),
  };
}

type InstalledApp = { app_id: string; installation_id: string };

/** How many webhooks the lanes of some apps have accepted, once their ledgers in D1 are complete. */
async function acceptedBy(demo: Demo, apps: readonly InstalledApp[]): Promise<number> {
  for (let known = Number.NaN; ; ) {
    let accepted = 0;
    for (const { app_id, installation_id } of apps) {
      const path = `/orgs/${demo.organization_id}/apps/${app_id}/installations/${installation_id}/ledger`;
      accepted += ((await send(demo, 'GET', path, demo.settings_token)).body as { accepted: number }).accepted;
    }
    if (accepted === known || apps.length === 0) return accepted;
    known = accepted;
    await setTimeout(LEDGER_STILL);
  }
}

/** A socket that records when a text reaches it. */
type Listening = { socket: WebSocket; heard: (text: string) => Promise<number> };

async function openSockets(hub: DemoHub, demo: Demo): Promise<Listening[]> {
  const opening: Promise<Listening>[] = [];
  const organization = `/api/v5/orgs/${demo.organization_id}`;
  for (let user = 0; user < USERS; user++) {
    const { id, token } = await createUser(demo, user);
    const channels = [
      `${organization}/owned_chats/*/messages`,
      `${organization}/owned_chats`,
      `/api/v5/users/${id}/routed_chats/*/messages`,
      `/api/v5/users/${id}/chats/*/messages`,
    ];
    const url = `${hub.url}/api/v5/users/${id}/live`;
    for (let place = 0; place < SOCKETS / USERS; place++) opening.push(listen(url, token, channels));
  }
  return Promise.all(opening);
}

async function listen(url: string, token: string, channels: readonly string[]): Promise<Listening> {
  const ticket = await newTicket(url, token);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), ['umi.v1', `ticket.${ticket}`]);
    let awaited: { text: string; resolve: (at: number) => void } | null = null;
    let frames = 0;
    const heard = (text: string): Promise<number> =>
      new Promise((hear) => {
        awaited = { text: JSON.stringify(text), resolve: hear };
      });
    socket.addEventListener('message', ({ data }) => {
      const at = performance.now();
      const text = String(data);
      if (awaited !== null && text.includes(awaited.text)) awaited.resolve(at);
      frames += 1;
      if (frames === 1) socket.send(JSON.stringify({ type: 'subscribe', channels }));
      if (frames === 2) resolve({ socket, heard });
      if (frames % ACKNOWLEDGED_EVERY === 0) {
        const number = /"number":(\d+)/.exec(text)?.[1];
        if (number !== undefined) socket.send(`{"type":"ack","number":${number}}`);
      }
    });
    socket.addEventListener('close', ({ code, reason }) => reject(new Error(`a socket was closed: ${code} ${reason}`)));
  });
}

/** Sends a message. Answers after how many ms each socket had it. */
async function sendHeard(visitor: Visitor, sockets: readonly Listening[], text: string): Promise<number[]> {
  const arrivals = Promise.all(sockets.map(({ heard }) => heard(text)));
  const begin = performance.now();
  const [times] = await Promise.all([withPatience(arrivals), visitor.say(text)]);
  return times.map((at) => at - begin);
}

async function withPatience<T>(arrivals: Promise<T>): Promise<T> {
  const patience = new AbortController();
  const tired = setTimeout(PATIENCE, null, { signal: patience.signal }).then(() => {
    throw new Error(`a message did not reach every socket within ${PATIENCE} ms`);
  });
  try {
    return await Promise.race([arrivals, tired]);
  } finally {
    patience.abort();
    await tired.catch(() => {});
  }
}

/** An app with this many webhooks that match each message. Its endpoint does not exist. */
async function installApp(demo: Demo, webhooks: number): Promise<InstalledApp> {
  const organization = `/orgs/${demo.organization_id}`;
  const app = await send(demo, 'POST', `${organization}/apps`, demo.settings_token, {
    name: `Benchmark ${webhooks}`,
    terms_url: 'https://apps.example.com/terms',
    privacy_url: 'https://apps.example.com/privacy',
  });
  const { id } = app.body as { id: string };
  for (let place = 0; place < webhooks; place++) {
    await send(demo, 'POST', `${organization}/apps/${id}/webhooks`, demo.settings_token, {
      endpoint_url: `http://127.0.0.1:65535/${place}`,
      channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
      on_added: true,
    });
  }
  const installed = await send(demo, 'POST', `${organization}/app_installations`, demo.settings_token, { app_id: id });
  return { app_id: id, installation_id: (installed.body as { id: string }).id };
}

async function createUser(demo: Demo, place: number): Promise<{ id: string; token: string }> {
  const users = `${demo.base_url}/admin/v1/organizations/${demo.organization_id}/users`;
  const create = async (url: string, body: object) =>
    (await expectDone({ method: 'POST', url, token: demo.admin_token, body })).body as Record<string, unknown>;
  const { id } = await create(users, { first_name: 'Listener', last_name: String(place) });
  const { token } = await create(`${users}/${id}/tokens`, { scopes: [] });
  return { id: String(id), token: String(token) };
}

function send(demo: Demo, method: 'GET' | 'POST', path: string, token: string | null, body?: object) {
  const url = `${demo.base_url}/api/v5${path}`;
  return expectDone({ method, url, token, ...(body === undefined ? {} : { body }) });
}

async function expectDone(request: JsonRequest) {
  const answer = await requestJson(request);
  if (answer.status < 300) return answer;
  throw new Error(`${request.method} ${request.url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** Rows that threads wrote for a request, from its `Server-Timing`. Throws when it is missing. */
function rowsWritten(serverTiming: string): number {
  const rows = /thread;desc="[^"]*written=([\d.]+)/.exec(serverTiming)?.[1];
  if (rows === undefined) throw new Error(`Server-Timing has no thread rows: ${serverTiming}`);
  return Number(rows);
}
