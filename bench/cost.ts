import { setTimeout } from 'node:timers/promises';
import type { Demo } from '../scripts/demo-file.ts';
import { requestJson } from '../scripts/json-request.ts';
import { newTicket } from '../scripts/live-ticket.ts';
import { answer, startReceiver } from '../scripts/webhook-receiver.ts';
import { countingHub, takeCounts } from './counting-hub.ts';
import { type Counts, ROWS_OF_A_FOLD, total } from './counts.ts';
import { type Call, rpcCall, threadsCall } from './interface-targets.ts';
import { billed, priceOfMillion } from './prices.ts';
import { atMost, type Report, titledTable } from './report.ts';
import { withHub } from './servers.ts';
import { openChannel } from './targets.ts';

const TEXT = 'A message of the benchmark.';
const WITH_DELIVERED = 'JSON-RPC with its webhook';
const BURST = 50;
/** ms from one message of the burst to the next. */
const BURST_PACE = 100;
/**
 * Silence in ms. Within it the alarm rings (8 s after a message), the platform ends the object (after ten idle
 * seconds), the hub goes to sleep, and caches expire.
 */
const SILENCE = 45_000;
const SHORT_SILENCE = 20_000;
/** An event, its fingerprint and its chat in the object; its message and its chat in D1. */
const ROWS_OF_A_MESSAGE = 5;
/**
 * A burst that is longer than a few seconds makes the alarm ring twice. It is armed three times, the last time for the
 * day on which old webhooks are deleted, and how far D1 is gets stored twice.
 */
const ROWS_BEHIND_A_BURST = 5;

type Case = { name: string; messages: number; counts: Counts };

/**
 * The counted cost of one message: after a rest, with all alarms in the silence after it, and as part of a burst. The
 * messages are a visitor's, a user's with its webhook, and a visitor's with a live hub. D1 has indexes of waiting
 * chats, which the first message after an answer and the answer itself write too.
 */
export function measureCost(quick: boolean): Promise<Report> {
  return withHub({ from: countingHub }, async ({ hub, demo }) => {
    const receiver = await startReceiver(() => answer(200));
    try {
      return report(await measureCases(hub.url, demo, receiver.url, quick ? SHORT_SILENCE : SILENCE));
    } finally {
      await receiver.stop();
    }
  });
}

async function measureCases(url: string, demo: Demo, receiverUrl: string, silence: number): Promise<Case[]> {
  const channelId = await openChannel(demo, receiverUrl);
  const path = `/orgs/${demo.organization_id}/unified_messaging/${channelId}/messages`;
  let sent = 0;
  async function sendBy(sender: object): Promise<void> {
    sent += 1;
    const message = { body: TEXT, thread_id: 'cost', message_id: `cost-${sent}`, ...sender };
    const body = { messages: [message] };
    const given = await requestJson({ method: 'POST', url: `${url}/api/v5${path}`, token: demo.settings_token, body });
    if (given.status !== 201) throw new Error(`${path} answered ${given.status}: ${JSON.stringify(given.body)}`);
  }
  async function countAfter(name: string, messages: number, send: () => Promise<void>): Promise<Case> {
    await takeCounts(url);
    for (let place = 0; place < messages; place++) {
      if (place > 0) await setTimeout(BURST_PACE);
      await send();
    }
    await setTimeout(silence);
    return { name, messages, counts: await takeCounts(url) };
  }
  const pair = async (name: string, send: () => Promise<void>): Promise<Case[]> => [
    await countAfter(`${name}, isolated`, 1, send),
    await countAfter(`${name}, one of ${BURST}`, BURST, send),
  ];

  const visitor = () => sendBy({ sender_id: 'customer@example.com' });
  const user = () => sendBy({ sender_type: 'user', sender_id: demo.agent.id });
  // Makes the log long enough for a replay to show in the counts.
  for (let place = 0; place < ROWS_OF_A_FOLD * 2; place++) await visitor();
  await user();
  await setTimeout(silence);
  const cases = [
    await countAfter('after an answer, isolated', 1, visitor),
    ...(await pair('plain message', visitor)),
    ...(await pair('with webhook', user)),
    ...(await interfaceCases(demo, receiverUrl, silence, pair)),
  ];
  const socket = await listen(url, demo);
  try {
    // Waits until the thread knows its audience and earlier back-offs are over.
    await visitor();
    await setTimeout(silence);
    cases.push(await countAfter('no message, a hub awake', 0, visitor), ...(await pair('with a hub awake', visitor)));
  } finally {
    socket.close();
  }
  return cases;
}

/**
 * A contact's message through JSON-RPC, of which the gateway is told that it was `delivered`, and a customer's through the
 * threads API. Each goes to a conversation that waits already.
 */
async function interfaceCases(
  demo: Demo,
  receiverUrl: string,
  silence: number,
  pair: (name: string, send: () => Promise<void>) => Promise<Case[]>,
): Promise<Case[]> {
  const settings = `${demo.base_url}/api/v5/orgs/${demo.organization_id}/rpc`;
  const body = { webhook_url: receiverUrl };
  const changed = await requestJson({ method: 'PATCH', url: settings, token: demo.settings_token, body });
  if (changed.status !== 200) throw new Error(`${settings} answered ${changed.status}`);
  const contact = () => send(demo, rpcCall(demo, { from: 'cost', content: TEXT }), 200);
  const customer = () => send(demo, threadsCall(demo, { thread_fid: 'cost', body: TEXT }), 202);
  await contact();
  await customer();
  await setTimeout(silence);
  return [...(await pair(WITH_DELIVERED, contact)), ...(await pair('threads API', customer))];
}

async function send(demo: Demo, { path, headers, body }: Call, expected: number): Promise<void> {
  const given = await fetch(new URL(path, demo.base_url), { method: 'POST', headers, body });
  const text = await given.text();
  if (given.status !== expected) throw new Error(`${path} answered ${given.status}: ${text}`);
}

/** A socket of the agent with the organization's messages. */
async function listen(url: string, demo: Demo): Promise<WebSocket> {
  const address = `${url}/api/v5/users/${demo.agent.id}/live`;
  const ticket = await newTicket(address, demo.agent.token);
  return new Promise((resolve, reject) => {
    const channels = [`/api/v5/orgs/${demo.organization_id}/owned_chats/*/messages`];
    const socket = new WebSocket(address.replace('http', 'ws'), ['umi.v1', `ticket.${ticket}`]);
    let frames = 0;
    socket.addEventListener('message', () => {
      frames += 1;
      if (frames === 1) socket.send(JSON.stringify({ type: 'subscribe', channels }));
      if (frames === 2) resolve(socket);
    });
    socket.addEventListener('close', ({ code, reason }) =>
      reject(new Error(`the socket was closed: ${code} ${reason}`)),
    );
  });
}

function report(cases: readonly Case[]): Report {
  const rows = cases.map(({ name, messages, counts }) => {
    const items = billed(counts);
    const each = (count: number): string => shortest(count / Math.max(1, messages));
    return [
      name,
      each(items.objectRequests),
      each(total(counts.alarms)),
      each(counts.d1.trips),
      each(counts.d1.tripsThatWrote),
      each(items.objectRowsRead),
      each(items.objectRowsWritten),
      each(items.d1RowsRead),
      each(items.d1RowsWritten),
      each(items.queueOperations),
      (priceOfMillion(items) / Math.max(1, messages)).toFixed(2),
    ];
  });
  const header = [
    'object requests',
    'of them alarms',
    'D1 trips',
    'of them writing',
    'object rows read',
    'written',
    'D1 rows read',
    'written',
    'queue operations',
    'US$ a million',
  ];
  const details = cases.map(({ name, messages, counts }) => {
    const all = [
      ...Object.entries(counts.calls),
      ...Object.entries(counts.alarms).map(([of, count]) => [`alarms of ${of}`, count] as const),
      ...Object.entries(counts.objectRowsWritten).map(([of, count]) => [`rows written by ${of}`, count] as const),
    ].filter(([, count]) => count > 0);
    return `${name}, ${messages} in total: ${all.map(([what, count]) => `${what} ${count}`).join(', ') || 'nothing'}`;
  });
  const text = `${titledTable('what a message costs, counted', header, rows)}\n${details.join('\n')}\n`;
  return { text, verdicts: cases.flatMap(verdictsOf) };
}

function verdictsOf({ name, messages, counts }: Case): Report['verdicts'] {
  if (messages === 1) {
    const feeds = sumWhere(counts.calls, /LIVE\.feed$/);
    return [
      atMost(`${name}: D1 trips that write`, [counts.d1.tripsThatWrote], databasesOf(name), 0),
      atMost(`${name}: feeds of a hub`, [feeds], 1, 0),
      atMost(`${name}: replays of the log`, [counts.logReplays], 0, 0),
    ];
  }
  if (messages === 0 || !name.startsWith('plain')) return [];
  const written = total(counts.objectRowsWritten) + counts.d1.rowsWritten;
  const goal = ROWS_OF_A_MESSAGE * messages + ROWS_BEHIND_A_BURST;
  return [atMost(`${name}: rows that all of them wrote, objects and D1`, [written], goal, 0)];
}

/** The delivery log has its own database. */
function databasesOf(name: string): number {
  return name.startsWith('with webhook') || name.startsWith(WITH_DELIVERED) ? 2 : 1;
}

function sumWhere(counted: { [name: string]: number }, pattern: RegExp): number {
  return Object.entries(counted).reduce((sum, [name, count]) => (pattern.test(name) ? sum + count : sum), 0);
}

/** Whole numbers without decimals. */
function shortest(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
