/**
 * `npm run bench`: measures the hub beside raw floors on the same machine within the same minutes (docs/benchmarks.md).
 */
import { readCommandLine } from '../scripts/command-line.ts';
import { measureAbuse } from './abuse.ts';
import { CONSOLE_PARTS, measureConsole } from './console-speed.ts';
import { measureCost } from './cost.ts';
import { isWithinBounds, type ListReads, measureListReads } from './list-reads.ts';
import { type LiveSpeed, measureLive } from './live-speed.ts';
import { measureMessages } from './message-speed.ts';
import { measureNewThreads } from './new-threads.ts';
import { below, type Report, type Verdict } from './report.ts';
import { withHub } from './servers.ts';
import { table } from './table.ts';
import { measureWebhooks } from './webhook-speed.ts';

const options = readCommandLine({
  run: 'npm run bench',
  does: `Measures the hub beside raw floors on the same machine: every part but cost, abuse and console, unless parts are named. Takes most of an hour,
with --quick some three minutes. Ends with 1 on an unexpected answer and on a list that reads more rows than it may; on a missed
goal with --strict only. docs/benchmarks.md says how each figure is measured.`,
  options: {
    messages: { says: 'messages to existing threads' },
    'new-threads': { says: 'many new threads in a row' },
    webhooks: { says: 'messages with their webhooks' },
    lists: { says: 'what D1 reads for a page of each list' },
    live: { says: 'from a message to its frame at 200 sockets' },
    cost: { says: 'what one message costs, counted' },
    abuse: { says: 'what strangers can make the hub spend' },
    console: { says: 'the console in a browser' },
    soak: { says: 'with --console: ten minutes of messages, and the memory after them' },
    part: { takes: 'NAME', says: `with --console: one part of it, ${CONSOLE_PARTS.join(', ')}` },
    quick: { says: 'one short run that shows whether everything works; its figures are not comparable' },
    strict: { says: 'ends with 1 when a goal was missed' },
    runs: { takes: 'N', from: 1, says: 'interleaved runs, 5 by default' },
    threads: { takes: 'N', from: 1, says: 'new threads in a row, 5,000 by default' },
    against: { takes: 'COMMIT', says: "measures that commit's webhooks in turns with this one's" },
  },
});
const { quick } = options;
const runs = options.runs ?? (quick ? 1 : 5);
const threads = options.threads ?? (quick ? 300 : 5_000);
const share = quick ? 0.1 : 1;
const LIVE_MILLISECONDS = 50;
const part = CONSOLE_PARTS.find((name) => name === options.part) ?? null;
if (part === null && options.part !== undefined) throw new Error(`--part is one of ${CONSOLE_PARTS.join(', ')}`);

const LEGEND = `floor          a Worker that does the bare minimum of the same work on the same runtime
of the floor   the quotient of both speeds, taken within one run: the figure to compare between machines
warm, cold     the objects of the threads are in memory, or have to be loaded
CPU ms         time of the runtime's process for each request, in user mode and in the kernel
p50, p95       the median and the 95th percentile
D1 trips       calls to D1 for one page, of how many it may make
results        rows that the page shows
`;

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
  return `${table(['lists across chats', 'results', 'D1 trips', 'rows read', 'at most', 'within the bounds'], rows)}\n`;
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
    table(['a message is written, and listens', 'outbox rows', 'object rows'], rows),
    ...agents.map(
      ({ agents: count, rights, first, last: slowest }) =>
        `${count} agents whose rights are ${rights}: from the request to the first frame ${first.toFixed(0)} ms, to the last ${slowest.toFixed(0)} ms`,
    ),
    '',
  ].join('\n');
}

type Part = { name: string; isNamed: boolean; isUsual: boolean; measure: () => Promise<Report> };

const parts: readonly Part[] = [
  { name: 'messages', isNamed: options.messages, isUsual: true, measure: () => measureMessages(runs, share) },
  {
    name: 'new threads',
    isNamed: options['new-threads'],
    isUsual: true,
    measure: () => measureNewThreads(runs, threads),
  },
  {
    name: 'webhooks',
    isNamed: options.webhooks,
    isUsual: true,
    measure: () => measureWebhooks(runs, share, options.against ?? null),
  },
  { name: 'lists', isNamed: options.lists, isUsual: true, measure: measureLists },
  { name: 'live', isNamed: options.live, isUsual: true, measure: measureSockets },
  { name: 'cost', isNamed: options.cost, isUsual: false, measure: () => measureCost(quick) },
  { name: 'abuse', isNamed: options.abuse, isUsual: false, measure: () => measureAbuse(quick) },
  {
    name: 'console',
    isNamed: options.console,
    isUsual: false,
    measure: () => measureConsole({ quick, soak: options.soak, part }),
  },
];
const isAnyNamed = parts.some(({ isNamed }) => isNamed);
const chosen = parts.filter(({ isNamed, isUsual }) => (isAnyNamed ? isNamed : isUsual));

const verdicts: Verdict[] = [];
console.log(`median of ${runs} interleaved runs [smallest–largest]\n\n${LEGEND}`);
for (const [place, { name, measure }] of chosen.entries()) {
  process.stderr.write(`part ${place + 1} of ${chosen.length}, ${name} …\n`);
  const begin = performance.now();
  const report = await measure();
  process.stderr.write(`${name} took ${((performance.now() - begin) / 1000).toFixed(0)} s\n`);
  console.log(report.text);
  verdicts.push(...report.verdicts);
}
for (const { text } of verdicts) console.log(text);
const missed = verdicts.filter(({ isMet }) => !isMet).length;
console.log(
  `\n${missed} of ${verdicts.length} goals missed${missed > 0 && !options.strict ? ', which is no failure without --strict' : ''}`,
);
if (quick) console.log('These are the figures of --quick: they only show that everything works.');
if (options.strict && missed > 0) process.exitCode = 1;
