import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Demo } from '../scripts/demo-file.ts';
import { requestJson } from '../scripts/json-request.ts';
import { newToken } from '../src/directory/tokens.ts';
import { countingHub, takeCounts } from './counting-hub.ts';
import { type Counts, total } from './counts.ts';
import { atMost, below, type Report, titledTable } from './report.ts';
import { type MeasuredHub, withHub } from './servers.ts';

const BODIES = 50;
const BODY_BYTES = 5_000_000;
const PIECE = Buffer.alloc(50_000, 'x');
const MEGABYTE = 1_000_000;
const MEMORY_GOAL_MEGABYTES = 128;
const TOKEN_EXCHANGE = '/identity/token';
const BAD_TOKENS = 10_000;
const NEW_VISITORS = 1_000;
/** D1 counts the row, and an entry in each of its two indexes. */
const ROWS_OF_A_VISITOR = 3;
const AT_ONCE = 16;
/** Until objects have written what they do behind their answers, alarms included, in ms. */
const SETTLE = 12_000;

/**
 * What strangers can make the hub spend: the memory that large bodies take at routes without a token, and the rows and
 * objects that a flood of bad tokens and of new visitors costs. The limits by address are on, as in a deployment.
 */
export async function measureAbuse(quick: boolean): Promise<Report> {
  const memory = await withHub({ variables: { RATE_LIMITS: '1' } }, measureMemory);
  const share = quick ? 0.05 : 1;
  const floods = await withHub({ from: countingHub, variables: { RATE_LIMITS: '1' } }, (measured) =>
    measureFloods(measured, share),
  );
  return {
    text: `${memory.text}\n${floods.text}`,
    verdicts: [...memory.verdicts, ...floods.verdicts],
  };
}

type Upload = { name: string; path: string; sent: 'with its length' | 'in chunks' };

async function measureMemory({ hub, demo, server }: MeasuredHub): Promise<Report> {
  const { runtime } = server;
  if (runtime === null) return { text: 'memory: unknown on this system\n', verdicts: [] };
  const auth = `/api/v5/public/orgs/${demo.organization_id}/auth`;
  const messages = `/api/v5/public/visitors/${'0'.repeat(32)}/chats/${demo.room_id}/messages`;
  const uploads: Upload[] = [
    { name: 'authentication of visitors', path: auth, sent: 'with its length' },
    { name: 'authentication of visitors', path: auth, sent: 'in chunks' },
    { name: "a visitor's message without a token", path: messages, sent: 'in chunks' },
    { name: 'exchange of an app user code', path: TOKEN_EXCHANGE, sent: 'in chunks' },
  ];
  // The first requests compile code, which is no cost of a body.
  for (const upload of uploads) await send(hub.port, upload);
  const rest = memoryOf(runtime);
  const rows: string[][] = [];
  const above: number[] = [];
  for (const upload of uploads) {
    const { result, peak } = await peakOf(runtime, () =>
      Promise.all(Array.from({ length: BODIES }, () => send(hub.port, upload))),
    );
    await pause(1_000);
    above.push(Math.max(0, peak - rest));
    rows.push([
      `${upload.name}, ${upload.sent}`,
      countsOf(result),
      megabytes(peak - rest),
      megabytes(memoryOf(runtime) - rest),
    ]);
  }
  const title = `${BODIES} bodies of ${BODY_BYTES / MEGABYTE} MB at the same time: memory of the runtime's process`;
  return {
    text: titledTable(title, ['answers', 'peak above rest, MB', 'a second later, MB'], rows),
    verdicts: [
      below('memory above rest under large bodies, MB', [Math.max(...above) / MEGABYTE], MEMORY_GOAL_MEGABYTES, 0),
    ],
  };
}

/** Sends a large body as fast as the hub takes it. Answers the status; a connection that the hub closes is `closed`. */
function send(port: number, { path, sent }: Upload): Promise<string> {
  return new Promise((resolve) => {
    const length = sent === 'in chunks' ? {} : { 'Content-Length': BODY_BYTES };
    const type = path === TOKEN_EXCHANGE ? 'application/x-www-form-urlencoded' : 'application/json';
    const headers = { 'Content-Type': type, ...length };
    const upload = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      response.resume();
      resolve(String(response.statusCode));
    });
    upload.on('error', () => resolve('closed'));
    let left = BODY_BYTES;
    const write = (): void => {
      while (left > 0) {
        left -= PIECE.length;
        if (!upload.write(PIECE)) return void upload.once('drain', write);
      }
      upload.end();
    };
    write();
  });
}

/** The largest memory of a process during some work. */
async function peakOf<Result>(pid: number, work: () => Promise<Result>): Promise<{ result: Result; peak: number }> {
  let peak = memoryOf(pid);
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryOf(pid));
  }, 5);
  try {
    const result = await work();
    return { result, peak: Math.max(peak, memoryOf(pid)) };
  } finally {
    clearInterval(watch);
  }
}

/** Memory of a process that is in RAM, in bytes. */
function memoryOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`the memory of process ${pid} is unknown`);
  return Number(kilobytes) * 1024;
}

function megabytes(bytes: number): string {
  return (Math.max(0, bytes) / MEGABYTE).toFixed(0);
}

type Flood = { name: string; requests: number; answers: string; counts: Counts };

async function measureFloods({ hub, demo }: MeasuredHub, share: number): Promise<Report> {
  const tokens = Math.round(BAD_TOKENS * share);
  const visitors = Math.round(NEW_VISITORS * share);
  const path = `/api/v5/orgs/${demo.organization_id}/owned_chats`;
  const ask = (token: string) => () => answerTo(`${hub.url}${path}`, token);
  const floods = [
    await flood(hub.url, 'tokens that cannot be any', tokens, (place) => ask(`umi_wrong-${place}`)()),
    await flood(hub.url, 'unknown tokens from one address', tokens, () => ask(newToken())()),
    await flood(hub.url, 'visitors, each from an address of their own', visitors, (place) =>
      visit(hub.url, demo, `198.51.${place >> 8}.${place & 255}`),
    ),
    await flood(hub.url, 'visitors from one address', visitors, () => visit(hub.url, demo, '203.0.113.1')),
  ];
  const header = ['answers', 'D1 trips', 'D1 rows read', 'D1 rows written', 'calls of objects', 'rows of objects'];
  const rows = floods.map(({ name, requests, answers, counts }) => [
    `${requests} ${name}`,
    answers,
    ...[counts.d1.trips, counts.d1.rowsRead, counts.d1.rowsWritten].map(String),
    ...[total(counts.calls), total(counts.objectRowsWritten)].map(String),
  ]);
  const [malformed, unknown, guests] = floods as [Flood, Flood, Flood];
  const each = ({ counts, requests }: Flood) => counts.d1.rowsWritten / requests;
  const objects = ({ counts }: Flood) => total(counts.calls) + total(counts.objectRowsWritten);
  return {
    text: titledTable('floods, with the limits of a deployment', header, rows),
    verdicts: [
      atMost('tokens that cannot be any: trips to D1', [malformed.counts.d1.trips], 0, 0),
      atMost('unknown tokens: rows written', [unknown.counts.d1.rowsWritten + objects(unknown)], 0, 0),
      atMost('a new visitor: rows of D1 written, with the entries of two indexes', [each(guests)], ROWS_OF_A_VISITOR),
      atMost('new visitors: calls and rows of objects', [objects(guests)], 0, 0),
    ],
  };
}

async function flood(
  url: string,
  name: string,
  requests: number,
  act: (place: number) => Promise<string>,
): Promise<Flood> {
  await takeCounts(url);
  const answers: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < requests) {
        const place = next;
        next += 1;
        answers.push(await act(place));
      }
    }),
  );
  await pause(SETTLE);
  return { name, requests, answers: countsOf(answers), counts: await takeCounts(url) };
}

async function answerTo(url: string, token: string): Promise<string> {
  const { status } = await requestJson({ method: 'GET', url, token });
  return String(status);
}

/** What a page of a website does when somebody opens it: the visitor gets an id, and is in the room. */
async function visit(url: string, demo: Demo, address: string): Promise<string> {
  const headers = { 'CF-Connecting-IP': address, 'Content-Type': 'application/json' };
  const root = `${url}/api/v5/public/orgs/${demo.organization_id}`;
  const made = await fetch(`${root}/auth`, { method: 'POST', headers, body: '{}' });
  const { visitor_id, access_token } = (await made.json()) as { visitor_id: string; access_token: string };
  if (made.status !== 200) return String(made.status);
  const entered = await fetch(`${root}/rooms/${demo.room_id}/visitors`, {
    method: 'POST',
    headers: { ...headers, Authorization: `Bearer ${access_token}` },
    body: JSON.stringify({ id: visitor_id }),
  });
  await entered.arrayBuffer();
  return `${made.status} and ${entered.status}`;
}

/** Such as `401 × 30, 429 × 9,970`. */
function countsOf(answers: readonly string[]): string {
  const counted = Object.entries(Object.groupBy(answers, (answer) => answer));
  return counted.map(([answer, all = []]) => `${answer} × ${all.length.toLocaleString('en')}`).join(', ');
}
