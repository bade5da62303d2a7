import { describe, expect, test } from 'vitest';
import type { Arrival, Outcome, Sent } from '../../../chaos/record.ts';
import { judge } from '../../../chaos/verdict.ts';

/** The events of a thread, first the visitor's and then users', acknowledged in order. */
function sentTo(thread: string, count: number): Sent[] {
  return Array.from({ length: count }, (_, place) => ({
    thread,
    place,
    sender: place === 0 ? 'visitor' : 'user',
    asked: place,
    acknowledged: place,
    requests: 1,
    chat: `chat of ${thread}`,
    message: `${thread}/${place}`,
    seq: place + 5,
  }));
}

/** The webhook with an index, as it arrives at a time. */
function arrival(place: number, at: number, outcome: Outcome = 'delivered', thread = 'a'): Arrival {
  const body = JSON.stringify({
    thread_id: thread,
    seq: place + 5,
    prev_seq: place === 1 ? null : place + 4,
    message: { id: `${thread}/${place}` },
  });
  return { at, answered: at + 1, outcome, webhookId: `${thread}-${place}`, body };
}

const sent = sentTo('a', 4);
const well = [arrival(1, 100), arrival(2, 200, 'failed'), arrival(2, 300), arrival(3, 400)];

describe('the judge of chaos', () => {
  test('accepts webhooks in order, including failures', () => {
    expect(judge(sent, well, [])).toEqual({ lost: 0, inversions: 0, repeats: 0, unexplained: [], violations: [] });
  });

  test('reports what was lost, including webhooks that arrived and were not delivered', () => {
    const verdict = judge(sent, [...well.slice(0, 3), arrival(3, 400, 'dropped')], []);
    expect(verdict).toMatchObject({ lost: 1, violations: ['event 3 of a was lost'] });
  });

  test('reports what nobody sent', () => {
    expect(judge(sent, [...well, arrival(4, 500)], []).violations).toEqual([
      'a webhook is about a/4, which nobody sent',
    ]);
  });

  test('reports two webhooks whose first arrivals are in the wrong order', () => {
    const verdict = judge(sent, [arrival(1, 100), arrival(3, 200, 'failed'), arrival(2, 300), arrival(3, 400)], []);
    expect(verdict.inversions).toBeGreaterThan(0);
    expect(verdict.lost).toBe(0);
  });

  test('reports events of a thread that were stored in the wrong order', () => {
    const turned = sent.map((event) => (event.place === 2 ? { ...event, seq: 9 } : event));
    expect(judge(turned, well, []).inversions).toBe(1);
  });

  test('reports two bodies or two webhook-ids for one event', () => {
    const changed = { ...arrival(3, 500), body: well[0]?.body ?? '' };
    expect(judge(sent, [...well, changed], []).violations).toContain('webhook a-3 arrived with two bodies');
    const renamed = { ...arrival(3, 500), webhookId: 'another' };
    expect(judge(sent, [...well, renamed], []).violations).toContain('event a 8 arrived as two webhooks');
  });

  test('accepts a repeat of what was in flight at a kill, and no other repeat', () => {
    const repeated = [...well, arrival(3, 30_000)];
    const kill = { what: 'hub' as const, at: 405 };
    expect(judge(sent, repeated, [kill])).toMatchObject({ repeats: 1, unexplained: [] });
    for (const kills of [[], [{ ...kill, at: 20_000 }], [{ ...kill, at: 31_000 }]]) {
      const { repeats, unexplained } = judge(sent, repeated, kills);
      expect(repeats).toBe(1);
      expect(unexplained.map(({ webhookId }) => webhookId)).toEqual(['a-3']);
    }
  });

  test('counts several repeats of one webhook once', () => {
    const repeated = [...well, arrival(3, 500, 'failed'), arrival(3, 600, 'dropped'), arrival(3, 700)];
    expect(judge(sent, repeated, [])).toMatchObject({ repeats: 1, unexplained: [{ webhookId: 'a-3' }] });
  });

  test('accepts no repeat of a webhook that a later one of its thread followed before the kill', () => {
    const repeated = [...well, arrival(2, 30_000)];
    expect(judge(sent, repeated, [{ what: 'hub', at: 405 }]).unexplained).toHaveLength(1);
  });
});
