/**
 * `npm run bench`: what the hub does, beside the raw floors of the same machine and minutes (docs/benchmarks.md). Without a part's
 * name all parts but `--cost` are measured. Fails on any unexpected answer and on a list that reads more rows than it may; on a goal that
 * was missed with `--strict` only.
 *   --messages, --new-threads, --webhooks, --lists, --live, --cost   these parts only
 *   --quick             one short run: whether everything works, no figures to compare
 *   --runs N            interleaved runs, 5 by default
 *   --threads N         new threads in a row, 5,000 by default
 *   --against COMMIT    measures the webhooks of that commit's hub in turns with those of this one
 *   --strict            ends with 1 when a goal was missed
 */
import { parseArgs } from 'node:util';
import { measureCost } from './cost.ts';
import { isWithinBounds, type ListReads, measureListReads } from './list-reads.ts';
import { type LiveSpeed, measureLive } from './live-speed.ts';
import { measureMessages } from './message-speed.ts';
import { measureNewThreads } from './new-threads.ts';
import { below, type Report, type Verdict } from './report.ts';
import { withHub } from './servers.ts';
import { table } from './table.ts';
import { measureWebhooks } from './webhook-speed.ts';

const flag = { type: 'boolean', default: false } as const;
const { values: options } = parseArgs({
  options: {
    messages: flag,
    'new-threads': flag,
    webhooks: flag,
    lists: flag,
    live: flag,
    cost: flag,
    quick: flag,
    strict: flag,
    runs: { type: 'string' },
    threads: { type: 'string' },
    against: { type: 'string' },
  },
});
const { quick } = options;
const runs = positive('--runs', options.runs, quick ? 1 : 5);
const threads = positive('--threads', options.threads, quick ? 300 : 5_000);
const share = quick ? 0.1 : 1;
const LIVE_MILLISECONDS = 50;

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} takes a number from 1, not "${text}"`);
  return value;
}

async function measureLists(): Promise<Report> {
  const sizes = quick ? [100, 10_000] : [100, 100_000];
  const reads = await withHub({ sideDoor: true, variables: { SERVER_TIMING: '1' } }, ({ hub, demo }) =>
    measureListReads(hub, demo, sizes),
  );
  const broken = reads.filter((read) => !isWithinBounds(read));
  if (broken.length > 0) {
    process.stderr.write(`${broken.length} pages of lists read more than they may\n`);
    process.exitCode = 1;
  }
  return { text: readsTable(reads), verdicts: [] };
}

function readsTable(reads: readonly ListReads[]): string {
  const rows = reads.map((read) => [
    `${read.list} at ${read.chats} chats`,
    String(read.results),
    `${read.d1Trips} of ${read.allowedTrips}`,
    String(read.d1RowsRead),
    String(read.allowedRows),
    isWithinBounds(read) ? 'yes' : 'NO',
  ]);
  return `${table(['lists across chats', 'results', 'D1 trips', 'rows read', 'at most', 'kept'], rows)}\n`;
}

async function measureSockets(): Promise<Report> {
  const live = await withHub({ variables: { SERVER_TIMING: '1' } }, ({ hub, demo }) =>
    measureLive(hub, demo, quick ? 40 : 200),
  );
  const goal = below(`frame at one of ${live.sockets} sockets, ms at the median`, [live.p50], LIVE_MILLISECONDS);
  return { text: liveTable(live), verdicts: [goal] };
}

function liveTable(live: LiveSpeed): string {
  const { sockets, messages, p50, p95, last, costs, agents } = live;
  const rows = costs.map(({ listeners, outboxRows, objectRows }) => [
    listeners,
    outboxRows.toFixed(2),
    objectRows.toFixed(2),
  ]);
  const times = [p50, p95, last].map((value) => value.toFixed(1));
  return [
    `${messages} messages of a visitor to ${sockets} sockets: from the request to each frame ${times[0]} ms at the median, ${times[1]} at p95; to the last frame ${times[2]}`,
    `to reach 50 ms at the median: ${p50 < 50 ? 'yes' : 'NO'}`,
    table(['a message is written, and listens', 'outbox rows', 'object rows'], rows),
    ...agents.map(
      ({ agents: count, rights, first, last: slowest }) =>
        `${count} agents whose rights are ${rights}: from the request to the first frame ${first.toFixed(0)} ms, to the last ${slowest.toFixed(0)} ms`,
    ),
    '',
  ].join('\n');
}

const parts: { isNamed: boolean; isUsual: boolean; measure: () => Promise<Report> }[] = [
  { isNamed: options.messages, isUsual: true, measure: () => measureMessages(runs, share) },
  { isNamed: options['new-threads'], isUsual: true, measure: () => measureNewThreads(runs, threads) },
  {
    isNamed: options.webhooks,
    isUsual: true,
    measure: () => measureWebhooks(runs, share, options.against ?? null),
  },
  { isNamed: options.lists, isUsual: true, measure: measureLists },
  { isNamed: options.live, isUsual: true, measure: measureSockets },
  { isNamed: options.cost, isUsual: false, measure: () => measureCost(quick) },
];
const isAnyNamed = parts.some(({ isNamed }) => isNamed);
const verdicts: Verdict[] = [];
console.log(`median of ${runs} interleaved runs [smallest–largest]\n`);
for (const part of parts) {
  if (!(isAnyNamed ? part.isNamed : part.isUsual)) continue;
  const report = await part.measure();
  console.log(report.text);
  verdicts.push(...report.verdicts);
}
for (const { text } of verdicts) console.log(text);
if (options.strict && verdicts.some(({ isMet }) => !isMet)) process.exitCode = 1;
