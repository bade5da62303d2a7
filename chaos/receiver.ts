import { answer, type Reply, startReceiver } from '../scripts/webhook-receiver.ts';
import type { Arrival, Outcome } from './record.ts';

const FAILS = 0.2;
const DROPS = 0.05;
/** Longest delay of most answers in ms. One in a hundred takes ten times as long. */
const DELAY = 50;

export type BadReceiver = {
  url: string;
  arrivals: readonly Arrival[];
  /** While the receiver is down it drops all connections. */
  setDown(isDown: boolean): void;
  stop(): Promise<void>;
};

/**
 * A receiver that fails a fifth of the requests, drops a twentieth of the connections and delays its answers at random.
 * It fails no webhook more than `failuresInARow` times, so the hub's back-off ends at a time that a check can wait for.
 * Failures while it is down count too: a webhook that an outage has delayed by minutes is not delayed again.
 */
export async function startBadReceiver(failuresInARow: number): Promise<BadReceiver> {
  const arrivals: Arrival[] = [];
  const failures = new Map<string, number>();
  let isDown = false;

  function outcomeOf(webhookId: string): Outcome {
    const failed = failures.get(webhookId) ?? 0;
    const outcome = isDown ? 'dropped' : failed < failuresInARow ? randomOutcome() : 'delivered';
    if (outcome !== 'delivered') failures.set(webhookId, failed + 1);
    return outcome;
  }

  const receiver = await startReceiver((request) => {
    const webhookId = request.headers['webhook-id'] ?? '';
    const outcome = outcomeOf(webhookId);
    const at = Date.now();
    const arrival: Arrival = { at, answered: at, outcome: 'dropped', webhookId, body: request.body };
    arrivals.push(arrival);
    return replyOf(outcome, (isSent) => {
      arrival.answered = Date.now();
      if (isSent) arrival.outcome = outcome;
    });
  });
  return {
    url: receiver.url,
    arrivals,
    setDown(next) {
      isDown = next;
    },
    stop: () => receiver.stop(),
  };
}

function randomOutcome(): Outcome {
  const chance = Math.random();
  if (chance < FAILS) return 'failed';
  return chance < FAILS + DROPS ? 'dropped' : 'delivered';
}

function replyOf(outcome: Outcome, settled: (isSent: boolean) => void): Reply {
  if (outcome === 'dropped') return { kind: 'reset' };
  const after = Math.random() * DELAY * (Math.random() < 0.01 ? 10 : 1);
  return { ...answer(outcome === 'delivered' ? 200 : 500), after, settled };
}
