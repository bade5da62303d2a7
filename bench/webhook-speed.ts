import type { Demo } from '../scripts/demo-file.ts';
import { freePort } from '../scripts/free-port.ts';
import type { Measurement, WebhookMeasurement } from './measure.ts';
import { withHubOf } from './other-hub.ts';
import { atLeast, atMost, below, type Report, ratios, titledTable } from './report.ts';
import { withFloors, withHub } from './servers.ts';
import { spread, spreadOf } from './statistics.ts';
import {
  measureTarget,
  messageWithWebhook,
  openChannel,
  openThreads,
  type Server,
  type Target,
  THREADS,
  webhookFloor,
} from './targets.ts';

const CONNECTIONS = [8, 32] as const;
const COUNT = 2_000;
/** Time after each closed loop (ms). The threads' alarms ring in it, and their cost counts for the loop. */
const SILENCE = 10_000;
/** The open loop: number of connections, and its length (s). Each message is sent on an idle connection. */
const OPEN_CONNECTIONS = 64;
const OPEN_SECONDS = 10;

const PER_SECOND = 400;
const CPU = 2.5;
const FIRST_ATTEMPT = 20;
const OF_OTHER = 2.5;

/** A side of the measurement and its results: of the closed loops by number of connections, and of the open loop. */
type Side = { target: Target; closed: Map<number, Measurement[]>; open: Measurement[] };

/**
 * A user's messages through the API of a channel to 200 of its threads. Each makes a webhook to a fast receiver in the
 * process of the load generator. `against`: a commit whose hub is measured alternately with this one.
 */
export async function measureWebhooks(runs: number, share: number, against: string | null): Promise<Report> {
  const receiverPort = await freePort();
  const receiver = `http://127.0.0.1:${receiverPort}/`;
  const prepare = async (name: string, demo: Demo, server: Server): Promise<Side> => {
    const channelId = await openChannel(demo, receiver);
    await openThreads(demo, channelId);
    return sideOf(messageWithWebhook(server, demo, channelId, { name, count: COUNT, receiverPort }));
  };
  return withFloors(
    (floors) =>
      withHub({}, async ({ demo, server }) => {
        const floor = sideOf(webhookFloor(floors, receiverPort, COUNT));
        const hub = await prepare("a user's message with its webhook", demo, server);
        if (against === null) return measureSides(floor, hub, null, runs, share);
        return withHubOf(against, async (otherDemo, otherServer) => {
          const other = await prepare(`the same at ${against}`, otherDemo, otherServer);
          return measureSides(floor, hub, other, runs, share);
        });
      }),
    receiver,
  );
}

function sideOf(target: Target): Side {
  return { target, closed: new Map(CONNECTIONS.map((connections) => [connections, []])), open: [] };
}

async function measureSides(floor: Side, hub: Side, other: Side | null, runs: number, share: number): Promise<Report> {
  const sides = other === null ? [floor, hub] : [floor, hub, other];
  for (let run = 1; run <= runs; run++) {
    for (const connections of CONNECTIONS) {
      for (const { target, closed } of sides) {
        const count = Math.round(target.count * share);
        closed
          .get(connections)
          ?.push(await measureTarget(target, `run${run}-closed`, { connections, count, silence: SILENCE }));
      }
    }
    for (const side of sides) {
      const rate = capacity(side) / 2;
      const count = Math.round(rate * OPEN_SECONDS * Math.max(share, 0.2));
      side.open.push(
        await measureTarget(side.target, `run${run}-open`, { connections: OPEN_CONNECTIONS, count, rate }),
      );
    }
    process.stderr.write(`webhooks: run ${run} of ${runs} done\n`);
  }
  return report(floor, hub, other);
}

/** The best rate of webhooks a second of a side, in its last run. */
function capacity({ closed }: Side): number {
  return Math.max(...Array.from(closed.values(), (runs) => runs.at(-1)?.webhooks?.perSecond ?? Number.NaN));
}

function report(floor: Side, hub: Side, other: Side | null): Report {
  const sides = other === null ? [floor, hub] : [floor, hub, other];
  const tables: string[] = [];
  const verdicts: Report['verdicts'] = [];
  for (const connections of CONNECTIONS) {
    const of = (side: Side) => side.closed.get(connections) ?? [];
    const rows = sides.map((side) => [
      side.target.name,
      spreadOf(of(side), (run) => run.requestsPerSecond, 0),
      spread(delivered(of(side)), 0),
      spreadOf(of(side), (run) => run.cpu, 2),
      ...delays(of(side), (webhooks) => webhooks.afterAnswer),
      spread(ratios(delivered(of(side)), delivered(of(floor))), 2),
    ]);
    const header = ['messages/s', 'webhooks/s', 'CPU ms for both', 'after the answer p50 ms', 'p95', 'of the floor'];
    tables.push(titledTable(`${THREADS} warm threads, ${connections} connections`, header, rows));
    const at = `, ${connections} connections`;
    verdicts.push(atLeast(`delivered webhooks/s${at}`, delivered(of(hub)), PER_SECOND, 0));
    verdicts.push(
      atMost(
        `CPU ms of a message with its webhook${at}`,
        of(hub).map((run) => run.cpu),
        CPU,
      ),
    );
    if (connections === 8)
      verdicts.push(below(`first attempt after the answer${at}, p95 ms`, tail(of(hub)), FIRST_ATTEMPT));
    if (other !== null) {
      const quotients = ratios(delivered(of(hub)), delivered(of(other)));
      verdicts.push(atLeast(`webhooks/s${at}, of ${other.target.name}`, quotients, OF_OTHER));
    }
  }
  const rows = sides.map(({ target, open }) => [
    target.name,
    spreadOf(open, (run) => run.requestsPerSecond, 0),
    spreadOf(open, (run) => run.p50, 1),
    spreadOf(open, (run) => run.p95, 1),
    ...delays(open, (webhooks) => webhooks.afterAnswer),
    ...delays(open, (webhooks) => webhooks.afterDue),
    spreadOf(open, (run) => run.webhooks?.repeats ?? Number.NaN, 0),
  ]);
  const header = [
    'messages/s',
    'due to answer p50 ms',
    'p95',
    'answer to webhook p50',
    'p95',
    'due to webhook p50',
    'p95',
    'repeats',
  ];
  tables.push(
    titledTable(
      'messages are due at random times, at half the rate that the side delivered in the same run',
      header,
      rows,
    ),
  );
  verdicts.push(below('first attempt after the answer, at half load, p95 ms', tail(hub.open), FIRST_ATTEMPT));
  return { text: tables.join('\n'), verdicts };
}

function delivered(runs: readonly Measurement[]): number[] {
  return runs.map((run) => run.webhooks?.perSecond ?? Number.NaN);
}

function tail(runs: readonly Measurement[]): number[] {
  return runs.map((run) => run.webhooks?.afterAnswer.p95 ?? Number.NaN);
}

function delays(
  runs: readonly Measurement[],
  of: (webhooks: WebhookMeasurement) => { p50: number; p95: number },
): string[] {
  const values = runs.flatMap(({ webhooks }) => (webhooks === null ? [] : [of(webhooks)]));
  return [
    spread(
      values.map(({ p50 }) => p50),
      1,
    ),
    spread(
      values.map(({ p95 }) => p95),
      1,
    ),
  ];
}
