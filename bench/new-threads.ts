import type { Measurement } from './measure.ts';
import { atLeast, type Report, ratios, titledTable } from './report.ts';
import { withFloors, withHub } from './servers.ts';
import { spread, spreadOf } from './statistics.ts';
import { measureTarget, newObjectFloor, newThread, openChannel, type Target } from './targets.ts';

const CONNECTIONS = [8, 32] as const;
/** Sent before the measured ones; each makes a thread too. */
const WARM_UP = 20;
/** CPU time is counted for this long (ms) after the last thread: its alarm rings, and the object is unloaded. */
const SILENCE = 25_000;
const THREAD_OF_FLOOR = 0.55;

type Series = { name: string; runs: Measurement[] };

/**
 * New threads in a row, enough for the alarms of earlier ones to ring meanwhile, beside as many new objects of the
 * floor. Each run has its own runtime and an empty store.
 */
export async function measureNewThreads(runs: number, threads: number): Promise<Report> {
  const measured = new Map(CONNECTIONS.map((connections) => [connections, { floor: none(), hub: none() }]));
  for (let run = 1; run <= runs; run++) {
    for (const [connections, { floor, hub }] of measured) {
      const sustain = (target: Target) =>
        measureTarget(target, `run-${run}`, { connections, count: threads, warmUp: WARM_UP, silence: SILENCE });
      add(floor, await withFloors((server) => sustained(newObjectFloor(server, threads), sustain)));
      const ofHub = await withHub({}, async ({ demo, server }) =>
        sustained(newThread(server, demo, await openChannel(demo), threads), sustain),
      );
      add(hub, ofHub);
    }
    process.stderr.write(`new threads: run ${run} of ${runs} done\n`);
  }
  return report(measured, threads);
}

type Sustained = { name: string; run: Measurement };

async function sustained(target: Target, sustain: (target: Target) => Promise<Measurement>): Promise<Sustained> {
  return { name: target.name, run: await sustain(target) };
}

function none(): Series {
  return { name: '', runs: [] };
}

function add(series: Series, { name, run }: Sustained): void {
  series.name = name;
  series.runs.push(run);
}

function report(measured: Map<number, { floor: Series; hub: Series }>, threads: number): Report {
  const tables: string[] = [];
  const verdicts: Report['verdicts'] = [];
  for (const [connections, { floor, hub }] of measured) {
    const speeds = ({ runs }: Series) => runs.map((run) => run.requestsPerSecond);
    const rows = [floor, hub].map((series) => [
      series.name,
      spread(speeds(series), 0),
      spreadOf(series.runs, (run) => run.lastFifth, 0),
      spreadOf(series.runs, (run) => run.p95, 0),
      spreadOf(series.runs, (run) => run.cpu, 2),
      spread(ratios(speeds(series), speeds(floor)), 2),
    ]);
    const header = ['threads/s', 'in the last fifth', 'p95 ms', 'CPU ms', 'of the floor'];
    tables.push(titledTable(`${threads} new threads, ${connections} connections; CPU with all alarms`, header, rows));
    const what = `new threads, ${threads} in a row, ${connections} connections, of the floor`;
    verdicts.push(atLeast(what, ratios(speeds(hub), speeds(floor)), THREAD_OF_FLOOR));
  }
  return { text: tables.join('\n'), verdicts };
}
