import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../scripts/free-port.ts';
import { requestJson } from '../scripts/json-request.ts';
import { sendEvents } from './clients.ts';
import { copyProblem, lateAnswers, ledgerProblem, type Reader } from './copies.ts';
import { type HubProcess, startHubProcess } from './hub-process.ts';
import { type BadReceiver, startBadReceiver } from './receiver.ts';
import type { Kill, Sent } from './record.ts';
import { judge, type Verdict } from './verdict.ts';

/** Longest delay of lists and ledger after the last delivery. ms. */
const COPY = 30_000;
/**
 * Longest time until the last webhook is delivered (ms): the lanes are woken half a minute after a kill, and the
 * receiver still fails.
 */
const DELIVERY = 120_000;

export type Stage = {
  hub: HubProcess;
  receiver: BadReceiver;
  sent: readonly Sent[];
  /** Waits until this many events are acknowledged. */
  acknowledged(count: number): Promise<void>;
  kill(what: Kill['what']): Promise<void>;
};

export type Scenario = {
  name: string;
  /** Null: the hub of `npm start`. Otherwise the faulty hub with this fault ('': none). */
  fault: string | null;
  threads: number;
  events: number;
  /** Events a second; null: as many as possible. */
  rate: number | null;
  failuresInARow: number;
  /** What happens while clients send. */
  play(stage: Stage): Promise<void>;
  /** Called each second after the last event, until all is delivered. */
  heal?(stage: Stage): void;
  /** Additional time (ms) for webhooks after the last event, or the end of `play`. */
  patience?: number;
};

export type Outcome = Verdict & {
  name: string;
  events: number;
  webhooks: number;
  kills: number;
  /** Longest time from a kill to an acknowledged event that was sent after it, and to a webhook. ms. */
  recovery: number;
  /** Longest time between two acknowledged events. ms. */
  silence: number;
  /**
   * Time from the last event, or the end of `play`, until all was delivered, and then until all lists were right. ms.
   */
  delivered: number;
  copied: number;
};

/** Runs a hub with a new store through a scenario and judges it. Throws on an unexpected error. */
export async function runScenario(scenario: Scenario): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'umi-chaos-'));
  const receiver = await startBadReceiver(scenario.failuresInARow);
  const hub = startHubProcess({ port: await freePort(), folder, fault: scenario.fault });
  try {
    const outcome = await play(scenario, hub, receiver);
    if (outcome.violations.length === 0) await rm(folder, { recursive: true, force: true });
    else outcome.violations.push(`the hub's log is ${join(folder, 'hub.log')}`);
    return outcome;
  } finally {
    await hub.stop();
    await receiver.stop();
  }
}

async function play(scenario: Scenario, hub: HubProcess, receiver: BadReceiver): Promise<Outcome> {
  const demo = await hub.ready();
  const organization = `${hub.url}/api/v5/orgs/${demo.organization_id}`;
  const channel = await requestJson({
    method: 'POST',
    url: `${organization}/unified_messaging`,
    token: demo.settings_token,
    body: {
      name: 'Chaos',
      messaging_channel: 'email',
      room_id: demo.room_id,
      reply_webhook_url: `${receiver.url}/hooks`,
      max_retry_count: 20,
    },
  });
  const { id } = channel.body as { id: string };
  const sent: Sent[] = [];
  const kills: Kill[] = [];
  const stage: Stage = {
    hub,
    receiver,
    sent,
    acknowledged: (count) => until(() => sent.length >= Math.min(count, scenario.events)),
    async kill(what) {
      kills.push({ what, at: Date.now() });
      await (what === 'hub' ? hub.killAndRestart() : hub.killRuntime());
      const { at } = kills.at(-1) as Kill;
      await until(() => sent.some(({ asked }) => asked > at));
    },
  };
  const { threads, events, rate } = scenario;
  const load = { url: `${organization}/unified_messaging/${id}/messages`, token: demo.settings_token };
  await Promise.all([
    sendEvents({ ...load, userId: demo.agent.id, threads, events, rate }, (event) => sent.push(event)),
    scenario.play(stage),
  ]);
  const ended = Date.now();
  const wanted = new Set(sent.filter(({ sender }) => sender === 'user').map(({ message }) => message)).size;
  const reader = { url: hub.url, token: demo.settings_token, organization: demo.organization_id, channel: id };
  const settled = await settle(stage, scenario, reader, wanted);
  const recovery = Math.max(0, ...kills.map(({ at }) => recoveryFrom(at, sent, receiver)));
  const verdict = judge(sent, receiver.arrivals, kills);
  verdict.violations.push(...settled.problems);
  for (const [webhookId, repeats] of Map.groupBy(verdict.unexplained, (repeat) => repeat.webhookId)) {
    if ((await lateAnswers(reader, webhookId)) >= repeats.length) continue;
    for (const { times } of repeats) verdict.violations.push(`webhook ${webhookId} was repeated: ${times}`);
  }
  return {
    ...verdict,
    name: scenario.name,
    events: sent.length,
    webhooks: wanted,
    kills: kills.length,
    recovery,
    silence: longestSilence(sent),
    delivered: settled.delivered - ended,
    copied: settled.copied - settled.delivered,
  };
}

/** Waits until every webhook is delivered and every list is right, each within its time. */
async function settle(stage: Stage, scenario: Scenario, reader: Reader, webhooks: number) {
  const problems: string[] = [];
  const limit = DELIVERY + (scenario.patience ?? 0);
  const deliveredIds = () =>
    new Set(stage.receiver.arrivals.filter(({ outcome }) => outcome === 'delivered').map(({ webhookId }) => webhookId));
  const isDelivered = await within(limit, async () => {
    if (deliveredIds().size >= webhooks) return null;
    scenario.heal?.(stage);
    return `${webhooks - deliveredIds().size} webhooks are not delivered ${seconds(limit)} after the last event`;
  });
  if (isDelivered !== null) problems.push(isDelivered);
  const delivered = Date.now();
  const ledger = await within(COPY, () => ledgerProblem(reader, webhooks));
  const copy = await within(COPY, () => copyProblem(reader, stage.sent));
  for (const problem of [ledger, copy]) if (problem !== null) problems.push(problem);
  return { problems, delivered, copied: Date.now() };
}

/** Checks every half second until there is no problem. Answers the last problem when the time is over. */
async function within(limit: number, look: () => Promise<string | null>): Promise<string | null> {
  const deadline = Date.now() + limit;
  for (;;) {
    const problem = await look();
    if (problem === null || Date.now() > deadline) return problem;
    await pause(500);
  }
}

function recoveryFrom(kill: number, sent: readonly Sent[], receiver: BadReceiver): number {
  const answered = sent.filter(({ asked }) => asked > kill).map((event) => event.acknowledged);
  const arrived = receiver.arrivals.filter(({ at }) => at > kill + 1_000).map(({ at }) => at);
  return Math.max(Math.min(...answered), Math.min(...arrived)) - kill;
}

function longestSilence(sent: readonly Sent[]): number {
  const times = sent.map(({ acknowledged }) => acknowledged).sort((a, b) => a - b);
  return Math.max(0, ...times.map((time, place) => time - (times[place - 1] ?? time)));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(20);
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
