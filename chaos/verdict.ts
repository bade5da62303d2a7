import type { Arrival, Kill, Sent } from './record.ts';

/** The lease of a channel's webhook: a hub under load may take this long to record its answer. ms. */
const IN_FLIGHT = 15_000;
/** A runtime may outlive its hub for this long. ms. */
const AFTERLIFE = 1_500;

type WebhookBody = { thread_id: string; seq: number; prev_seq: number | null; message?: { id: string } };

export type Verdict = {
  /** Events of users whose webhook was never delivered. */
  lost: number;
  /** Neighbours in a thread that arrived in the wrong order, or whose `prev_seq` is wrong. */
  inversions: number;
  /** Webhooks that were delivered more than once. */
  repeats: number;
  /** The repeats that no kill explains. */
  unexplained: { webhookId: string; times: string }[];
  /** Violations in words. Empty when there are none. */
  violations: string[];
};

/**
 * Compares what a receiver got with the events that were answered 201. An unexplained repeat is not yet a violation:
 * the hub's log may say that the answer came too late.
 */
export function judge(sent: readonly Sent[], arrivals: readonly Arrival[], kills: readonly Kill[]): Verdict {
  const violations: string[] = [];
  const firsts = firstArrivals(arrivals, violations);
  const lost = countLost(sent, arrivals, violations);
  const inversions = countInversions(sent, firsts, violations);
  return { lost, inversions, ...findRepeats(arrivals, kills), violations };
}

/** The first arrival of each webhook. A webhook has one body, and an event has one webhook. */
function firstArrivals(arrivals: readonly Arrival[], violations: string[]): WebhookBody[] {
  const bodies = new Map<string, string>();
  const events = new Set<string>();
  const firsts: WebhookBody[] = [];
  for (const { webhookId, body } of arrivals) {
    const known = bodies.get(webhookId);
    if (known === body) continue;
    if (known !== undefined) {
      violations.push(`webhook ${webhookId} arrived with two bodies`);
      continue;
    }
    bodies.set(webhookId, body);
    const parsed = JSON.parse(body) as WebhookBody;
    const event = `${parsed.thread_id} ${parsed.seq}`;
    if (events.has(event)) violations.push(`event ${event} arrived as two webhooks`);
    events.add(event);
    firsts.push(parsed);
  }
  return firsts;
}

function countLost(sent: readonly Sent[], arrivals: readonly Arrival[], violations: string[]): number {
  const delivered = new Set<string | undefined>();
  for (const { outcome, body } of arrivals) {
    if (outcome === 'delivered') delivered.add((JSON.parse(body) as WebhookBody).message?.id);
  }
  const wanted = sent.filter(({ sender }) => sender === 'user');
  const lost = wanted.filter(({ message }) => !delivered.has(message));
  for (const { thread, place } of lost) violations.push(`event ${place} of ${thread} was lost`);
  const known = new Set<string | undefined>(wanted.map(({ message }) => message));
  for (const message of delivered)
    if (!known.has(message)) violations.push(`a webhook is about ${message}, which nobody sent`);
  return lost.length;
}

function countInversions(sent: readonly Sent[], firsts: readonly WebhookBody[], violations: string[]): number {
  let inversions = 0;
  const found = (text: string) => {
    inversions += 1;
    violations.push(text);
  };
  for (const [thread, webhooks] of Map.groupBy(firsts, ({ thread_id }) => thread_id)) {
    let previous: number | null = null;
    for (const { seq, prev_seq } of webhooks) {
      if (prev_seq !== previous)
        found(`${thread}: event ${seq} arrived after ${previous}, and its prev_seq is ${prev_seq}`);
      previous = seq;
    }
  }
  for (const [thread, events] of Map.groupBy(sent, (event) => event.thread)) {
    const seqs = events.sort((a, b) => a.place - b.place).map(({ seq }) => seq);
    for (const [place, seq] of seqs.entries()) {
      if (seq <= (seqs[place - 1] ?? 0)) found(`${thread}: event ${place} has the wrong seq ${seq}`);
    }
  }
  return inversions;
}

function findRepeats(arrivals: readonly Arrival[], kills: readonly Kill[]): Pick<Verdict, 'repeats' | 'unexplained'> {
  let repeats = 0;
  const unexplained: Verdict['unexplained'] = [];
  const delivered = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const before = delivered.get(arrival.webhookId);
    if (before !== undefined) {
      repeats += 1;
      // The requests until the next delivery are attempts of this repeat.
      delivered.delete(arrival.webhookId);
      if (!kills.some((kill) => wasInFlight(before, kill, arrival, arrivals))) {
        unexplained.push({ webhookId: arrival.webhookId, times: timesOf(before, arrival, kills) });
      }
    }
    if (arrival.outcome === 'delivered') delivered.set(arrival.webhookId, arrival);
  }
  return { repeats, unexplained };
}

/**
 * Whether a kill was between an answer and its record in the thread: before the repeat, and before the next webhook of
 * the lane.
 */
function wasInFlight(before: Arrival, kill: Kill, repeat: Arrival, arrivals: readonly Arrival[]): boolean {
  if (before.at > kill.at + AFTERLIFE || repeat.at < kill.at || before.answered < kill.at - IN_FLIGHT) return false;
  const { thread_id, seq } = JSON.parse(before.body) as WebhookBody;
  return !arrivals.some(({ at, body }) => {
    if (at <= before.at || at >= kill.at) return false;
    const other = JSON.parse(body) as WebhookBody;
    return other.thread_id === thread_id && other.seq > seq;
  });
}

/** The times that show why a webhook was repeated. */
function timesOf(before: Arrival, repeat: Arrival, kills: readonly Kill[]): string {
  const after = kills.map(({ what, at }) => `, ${Math.round(before.answered - at)} ms after the kill of a ${what}`);
  return `again after ${repeat.at - before.at} ms; it was answered in ${before.answered - before.at} ms${after.join('')}`;
}
