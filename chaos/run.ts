/**
 * `npm run chaos`: a real hub under load is killed, and its D1, its queue, its alarms and its receiver fail. Prints
 * what was lost, reordered and repeated. Ends with 1 on any violation.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { readCommandLine } from '../scripts/command-line.ts';
import { type Outcome, runScenario, type Scenario, seconds } from './scenario.ts';

const MINUTE = 60_000;
/** Longest time after a kill in which clients have no answer, or the receiver no webhook. ms. */
const RECOVERY = 30_000;

const { only, events = 10_000 } = readCommandLine({
  run: 'npm run chaos',
  does: `Kills a hub under load, and lets its D1, its queue, its alarms and its receiver fail. Ends with 1 when anything was lost,
reordered or wrongly repeated (docs/reliability.md).`,
  options: {
    only: { takes: 'NAME', says: 'scenarios whose name begins with this: kills, D1, queue, alarms or receiver' },
    events: { takes: 'N', from: 1, says: 'events of a scenario, 10,000 by default' },
  },
});
const usual = { threads: 200, events, rate: null, failuresInARow: 4 };

const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: 'kills',
    fault: null,
    async play({ acknowledged, kill }) {
      const order = ['hub', 'hub', 'runtime', 'hub', 'hub', 'runtime', 'hub'] as const;
      for (const [place, what] of order.entries()) {
        await acknowledged(Math.round(((place + 1) * events) / (order.length + 1)));
        await kill(what);
      }
    },
  },
  {
    ...usual,
    name: 'D1 down for a minute',
    fault: '',
    // Enough events to last longer than the outage on any machine.
    rate: events / 100,
    async play({ acknowledged, hub, sent }) {
      // Opening a thread needs D1, so all threads are open before.
      await acknowledged(Math.max(usual.threads * 2, events / 10));
      await fetch(`${hub.url}/chaos/d1-down`);
      const before = sent.length;
      await pause(MINUTE);
      await fetch(`${hub.url}/chaos/d1-up`);
      if (sent.length < before + events / 20) throw new Error(`only ${sent.length - before} events while D1 was down`);
    },
  },
  {
    ...usual,
    name: 'queue loses 30 %, repeats 30 %',
    fault: 'queue',
    play: async () => {},
    heal: ({ hub }) => hub.ringCron(),
    // A thread sends a dozen wake-ups. One of 200 threads loses a dozen, perhaps repeatedly, and each loss takes 20 s.
    patience: 10 * MINUTE,
  },
  {
    ...usual,
    name: 'alarms never ring, a kill',
    fault: 'alarms',
    async play({ acknowledged, kill }) {
      await acknowledged(events / 2);
      await kill('hub');
    },
    heal: ({ hub }) => hub.ringCron(),
    patience: 90_000,
  },
  {
    ...usual,
    name: 'receiver down for two minutes',
    fault: null,
    rate: events / 150,
    async play({ acknowledged, receiver }) {
      await acknowledged(events / 10);
      receiver.setDown(true);
      await pause(2 * MINUTE);
      receiver.setDown(false);
    },
    // By then the back-off is two minutes, and the lane's other webhooks follow.
    patience: 4 * MINUTE,
  },
];

function row(outcome: Outcome): string[] {
  const { name, lost, inversions, repeats, violations } = outcome;
  const times = [outcome.recovery, outcome.silence, outcome.delivered, outcome.copied].map(seconds);
  const counts = [outcome.events, outcome.webhooks, outcome.kills, lost, inversions, repeats].map(String);
  return [name, ...counts, ...times, violations.length === 0 ? 'yes' : 'NO'];
}

const HEADER = [
  '',
  'events',
  'webhooks',
  'kills',
  'lost',
  'inversions',
  'repeats',
  'recovery',
  'silence',
  'delivered',
  'copied',
  'well',
];

function print(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

const chosen = scenarios.filter(({ name }) => only === undefined || name.startsWith(only));
if (chosen.length === 0) {
  console.error(`No scenario is called "${only}". There are: ${scenarios.map(({ name }) => name).join('; ')}`);
  process.exit(2);
}

/** Each line is printed when its scenario is complete, so that a run that is stopped shows its results. */
print(HEADER);
print(HEADER.map(() => '---'));
let isWell = true;
for (const scenario of chosen) {
  console.error(`${scenario.name} …`);
  const outcome = await runScenario(scenario);
  const { name, violations } = outcome;
  if (outcome.recovery > RECOVERY)
    violations.push(`nothing was acknowledged or delivered for ${seconds(outcome.recovery)}`);
  print(row(outcome));
  for (const violation of violations.slice(0, 10)) console.error(`${name}: ${violation}`);
  if (violations.length > 10) console.error(`${name}: ${violations.length - 10} more`);
  if (violations.length > 0) isWell = false;
}
process.exitCode = isWell ? 0 : 1;
