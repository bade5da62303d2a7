import { setTimeout } from 'node:timers/promises';
import {
  openConversations,
  openSessions,
  RPC_MESSAGE,
  rpcMessage,
  THREADS_MESSAGE,
  threadsMessage,
} from './interface-targets.ts';
import type { Measurement } from './measure.ts';
import { atLeast, type Report, ratios, titledTable } from './report.ts';
import { type MeasuredHub, withFloors, withHub } from './servers.ts';
import { spread, spreadOf } from './statistics.ts';
import {
  BATCH,
  BATCH_OF_MESSAGES,
  batchOfMessages,
  EXISTING_THREAD,
  existingThread,
  floorTargets,
  INSERT_FLOOR,
  insertFloor,
  listOfChats,
  measureTarget,
  openChannel,
  openChats,
  openThreads,
  type Server,
  type Target,
  THREADS,
  USER_MESSAGE,
  userMessage,
} from './targets.ts';

const CONNECTIONS = [8, 32, 64] as const;
const COLD_CONNECTIONS = 8;
/**
 * Rest in ms, after which all alarms have rung and no object is in memory: an alarm rings 8 s after the last message,
 * and the platform ends an object after ten idle seconds.
 */
const REST = 25_000;

const MESSAGE_OF_FLOOR = 0.65;
const MESSAGES_IN_BATCHES = 8_000;
/** Those whose goal is a part of the insert floor. */
const SINGLE_MESSAGES = [EXISTING_THREAD, USER_MESSAGE, RPC_MESSAGE, THREADS_MESSAGE];

type Series = { target: Target; connections: number; isCold: boolean; runs: Measurement[] };

/** Messages to existing threads beside the floors: on warm objects, and each thread's first one after a rest. */
export function measureMessages(runs: number, share: number): Promise<Report> {
  return withHub({}, (hub) => withFloors((floors) => measureBoth(hub, floors, runs, share)));
}

async function measureBoth(hub: MeasuredHub, floors: Server, runs: number, share: number): Promise<Report> {
  const { demo, server } = hub;
  const channelId = await openChannel(demo);
  await openThreads(demo, channelId);
  // Its threads differ from those of the batches, which would make their logs long.
  const batches = await openChannel(demo);
  await openConversations(demo);
  const warm = [
    ...floorTargets(floors),
    existingThread(server, demo, channelId),
    userMessage(server, demo, await openChats(demo)),
    rpcMessage(server, demo, await openSessions(demo)),
    threadsMessage(server, demo),
    batchOfMessages(server, demo, batches),
    listOfChats(server, demo),
  ];
  const cold = [insertFloor(floors), existingThread(server, demo, channelId)];
  const series: Series[] = [
    ...cold.map((target) => ({ target, connections: COLD_CONNECTIONS, isCold: true, runs: [] })),
    ...CONNECTIONS.flatMap((connections) => warm.map((target) => ({ target, connections, isCold: false, runs: [] }))),
  ];
  // Loads and compiles all code. This also makes the objects of the floors.
  for (const target of warm) await measureTarget(target, 'before', { connections: 8, count: 8 });
  for (let run = 1; run <= runs; run++) {
    await setTimeout(REST);
    for (const [place, one] of series.entries()) {
      process.stderr.write(`messages: run ${run} of ${runs}, series ${place + 1} of ${series.length}\n`);
      one.runs.push(await measureOnce(one, `run-${run}`, share));
    }
  }
  return report(series);
}

function measureOnce({ target, connections, isCold }: Series, run: string, share: number): Promise<Measurement> {
  if (isCold) return measureTarget(target, `${run}-cold`, { connections, count: THREADS, warmUp: 0 });
  return measureTarget(target, run, { connections, count: Math.max(connections, Math.round(target.count * share)) });
}

function report(series: readonly Series[]): Report {
  const groups = Map.groupBy(series, ({ connections, isCold }) =>
    isCold ? `cold objects, ${connections} connections` : `warm objects, ${connections} connections`,
  );
  const tables = Array.from(groups, ([title, group]) => speedTable(title, group));
  const verdicts = CONNECTIONS.flatMap((connections) => {
    const group = groups.get(`warm objects, ${connections} connections`) ?? [];
    const at = `, ${connections} connections`;
    const ofFloor = (name: string) => ratios(speeds(group, name), speeds(group, INSERT_FLOOR));
    const inBatches = speeds(group, BATCH_OF_MESSAGES).map((speed) => speed * BATCH);
    return [
      ...SINGLE_MESSAGES.map((name) => atLeast(`${name}${at}, of the insert floor`, ofFloor(name), MESSAGE_OF_FLOOR)),
      atLeast(`messages/s in batches of ${BATCH}${at}`, inBatches, MESSAGES_IN_BATCHES, 0),
    ];
  });
  return { text: tables.join('\n'), verdicts };
}

function speedTable(title: string, group: readonly Series[]): string {
  const rows = group.map(({ target, runs }) => [
    target.name,
    spreadOf(runs, (run) => run.requestsPerSecond, 0),
    spreadOf(runs, (run) => run.p50, 1),
    spreadOf(runs, (run) => run.p95, 1),
    spreadOf(runs, (run) => run.cpu, 2),
    spread(ratios(speeds(group, target.name), speeds(group, INSERT_FLOOR)), 2),
  ]);
  return titledTable(title, ['req/s', 'p50 ms', 'p95 ms', 'CPU ms', 'of the insert floor'], rows);
}

function speeds(group: readonly Series[], name: string): number[] {
  return group.find(({ target }) => target.name === name)?.runs.map((run) => run.requestsPerSecond) ?? [];
}
