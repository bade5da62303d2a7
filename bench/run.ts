/**
 * `npm run bench`: the hub beside the raw floors of the same machine and minute. Each number is the median of interleaved
 * runs. `--quick` takes one short run. `--lists` reads the lists only, `--live` measures live sockets only. Fails on errors and on a list that reads more rows than it
 * may, never on a speed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Demo } from '../scripts/demo-file.ts';
import { type DemoHub, startDemoHub } from '../scripts/demo-hub.ts';
import { requestJson } from '../scripts/json-request.ts';
import { startWorker } from '../scripts/local-worker.ts';
import { isWithinBounds, type ListReads, measureListReads } from './list-reads.ts';
import { type LiveSpeed, measureLive } from './live-speed.ts';
import { type Measurement, measure, median, medians } from './measure.ts';
import { table } from './table.ts';
import {
  EXISTING_THREAD,
  FLOOR,
  floorTargets,
  hubTargets,
  NEW_THREAD,
  openThreads,
  type Target,
  USER_MESSAGE,
} from './targets.ts';

const CONNECTIONS = [8, 32] as const;
const flag = { type: 'boolean', default: false } as const;
const { values: options } = parseArgs({ options: { quick: flag, lists: flag, live: flag } });
const runs = options.quick ? 1 : 5;
const share = options.quick ? 0.15 : 1;
const liveMessages = options.quick ? 40 : 200;
const sizes = options.quick ? [100, 10_000] : [100, 100_000];

/** Longer than a thread's alarm waits after its first message. ms. */
const ALARMS_AFTER = 32_000;

type Series = { target: Target; connections: number; runs: Measurement[] };

async function measureAll(targets: readonly Target[]): Promise<Series[]> {
  const series = CONNECTIONS.flatMap((connections) =>
    targets.map((target): Series => ({ target, connections, runs: [] })),
  );
  // New threads go last: each rings its alarm half a minute later, which would be charged to what is measured then.
  series.sort((one, other) => Number(one.target.name === NEW_THREAD) - Number(other.target.name === NEW_THREAD));
  for (const one of series) await measureOnce(one, 'warm-up', 0.1);
  for (let run = 1; run <= runs; run++) {
    await setTimeout(ALARMS_AFTER);
    for (const one of series) one.runs.push(await measureOnce(one, `run-${run}`, share));
    process.stderr.write(`run ${run} of ${runs} done\n`);
  }
  return series;
}

function measureOnce(series: Series, run: string, part: number): Promise<Measurement> {
  const { target, connections } = series;
  const count = Math.max(connections, Math.round(target.count * part));
  return measure({ ...target.job(`${run}-${connections}`), connections, count });
}

function speedTable(series: readonly Series[], connections: number): string {
  const here = series.filter((one) => one.connections === connections);
  const floors = here.find(({ target }) => target.name === FLOOR)?.runs ?? [];
  const rows = here.map(({ target, runs: measured }) => {
    const middle = medians(measured);
    const ratio = median(
      measured.map((run, place) => run.requestsPerSecond / (floors[place]?.requestsPerSecond ?? Number.NaN)),
    );
    const costs = [middle.d1Trips, middle.d1RowsRead, middle.d1RowsWritten, middle.threadRowsWritten];
    return [
      target.name,
      middle.requestsPerSecond.toFixed(0),
      ...[middle.p50, middle.p95, middle.p99].map((value) => value.toFixed(1)),
      ...costs.map((value) => (target.name.startsWith('floor') ? '' : value.toFixed(2))),
      ratio.toFixed(2),
    ];
  });
  const header = ['', 'req/s', 'p50 ms', 'p95', 'p99', 'D1 trips', 'read', 'written', 'object rows', 'of the floor'];
  return `${connections} connections, median of ${runs}\n${table(header, rows)}\n`;
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
  return table(['lists across chats', 'results', 'D1 trips', 'rows read', 'at most', 'kept'], rows);
}

function liveTable(live: LiveSpeed): string {
  const { sockets, messages, p50, p95, last, costs, agents } = live;
  const rows = costs.map(({ listeners, outboxRows, d1Trips, d1RowsWritten, objectRows }) => [
    listeners,
    ...[d1Trips, outboxRows, d1RowsWritten, objectRows].map((value) => value.toFixed(2)),
  ]);
  const times = [p50, p95, last].map((value) => value.toFixed(1));
  return [
    `${messages} messages of a visitor to ${sockets} sockets: from the request to each frame ${times[0]} ms at the median, ${times[1]} at p95; to the last frame ${times[2]}`,
    `to reach 50 ms at the median: ${p50 < 50 ? 'yes' : 'NO'}`,
    table(['a message is written, and listens', 'D1 trips', 'outbox rows', 'D1 rows', 'object rows'], rows),
    ...agents.map(
      ({ agents: count, rights, first, last: slowest }) =>
        `${count} agents whose rights are ${rights}: from the request to the first frame ${first.toFixed(0)} ms, to the last ${slowest.toFixed(0)} ms`,
    ),
  ].join('\n');
}

function verdicts(series: readonly Series[]): string {
  const goals = new Map([
    [8, 0.6],
    [32, 0.8],
  ]);
  const runsOf = (name: string, connections: number): Measurement[] =>
    series.filter((one) => one.connections === connections && one.target.name === name).flatMap((one) => one.runs);
  return CONNECTIONS.flatMap((connections) => {
    const floors = runsOf(FLOOR, connections);
    const goal = goals.get(connections) ?? 0;
    return [EXISTING_THREAD, USER_MESSAGE].map((name) => {
      const ratio = median(
        runsOf(name, connections).map(
          (run, place) => run.requestsPerSecond / (floors[place]?.requestsPerSecond ?? Number.NaN),
        ),
      );
      return `${name}, ${connections} connections: ${ratio.toFixed(2)} of the floor, to reach ${goal}: ${ratio >= goal ? 'yes' : 'NO'}`;
    });
  }).join('\n');
}

async function measureSpeeds(hub: DemoHub, demo: Demo, folder: string): Promise<Series[]> {
  const floors = await startWorker({
    from: { config: 'bench/floors.toml', sources: ['bench/floors.toml', 'bench/floors.ts', 'package-lock.json'] },
    persistTo: join(folder, 'floors'),
  });
  try {
    await requestJson({ method: 'POST', url: `${floors.url}/set-up`, token: null, body: {} });
    const opened = await openThreads(demo);
    return await measureAll([...floorTargets(floors.port), ...hubTargets(hub.port, demo, opened)]);
  } finally {
    await floors.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'umi-bench-'));
const hub = await startDemoHub({ persistTo: join(folder, 'hub'), sideDoor: true, variables: { SERVER_TIMING: '1' } });
try {
  if (hub.demo === null) throw new Error('a new store was not seeded');
  const { demo } = hub;
  const series = options.lists || options.live ? [] : await measureSpeeds(hub, demo, folder);
  const reads = options.live ? [] : await measureListReads(hub, demo, sizes);
  // Last: the apps that it installs would burden what is measured afterwards.
  const live = options.lists ? null : await measureLive(hub, demo, liveMessages);
  if (series.length > 0) console.log(`\n${CONNECTIONS.map((each) => speedTable(series, each)).join('\n')}`);
  if (reads.length > 0) console.log(`${readsTable(reads)}\n`);
  if (live !== null) console.log(`${liveTable(live)}\n`);
  if (series.length > 0) console.log(verdicts(series));
  const broken = reads.filter((read) => !isWithinBounds(read));
  if (broken.length > 0) {
    process.stderr.write(`${broken.length} pages of lists read more than they may\n`);
    process.exitCode = 1;
  }
} finally {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
}
