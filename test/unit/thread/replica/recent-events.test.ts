import { describe, expect, test } from 'vitest';
import type { EventBody, ThreadEvent } from '../../../../src/domain/events.ts';
import type { Attachment } from '../../../../src/resources/attachment.ts';
import { RecentEvents } from '../../../../src/thread/replica/recent-events.ts';
import { userMessageEvent } from '../../../support/sample-events.ts';

function event(seq: number, body: EventBody = { type: 'waiting_ended' }): ThreadEvent {
  return { ...body, v: 2, seq, at: seq, chat_id: 'c', command_id: 'x', accepted: [] };
}

const seqs = (found: { entries: ThreadEvent[] } | null) => found?.entries.map(({ seq }) => seq) ?? null;

describe('recent events', () => {
  test('are kept until D1 has them', () => {
    const tail = new RecentEvents();
    tail.commit([event(1), event(2)]);
    tail.commit([event(3)]);
    expect(seqs(tail.after(0))).toEqual([1, 2, 3]);
    expect(seqs(tail.after(2))).toEqual([3]);
    tail.forget(2);
    expect(seqs(tail.after(2))).toEqual([3]);
  });

  test('are null when they do not reach back far enough: a gap in the replica would last forever', () => {
    const tail = new RecentEvents();
    expect(tail.after(0)).toBeNull();
    tail.commit([event(8), event(9)]);
    expect(tail.after(6)).toBeNull();
    expect(seqs(tail.after(7))).toEqual([8, 9]);
    tail.forget(8);
    expect(tail.after(7)).toBeNull();
  });

  test('start again after they grew too large', () => {
    const tail = new RecentEvents();
    tail.commit(Array.from({ length: 101 }, (_, index) => event(index + 1)));
    expect(tail.after(0)).toBeNull();
    tail.commit([event(102)]);
    expect(tail.after(0)).toBeNull();
    expect(seqs(tail.after(101))).toEqual([102]);
  });

  test('are fewer than a batch may hold: each variable is a row, and selected suggestions are texts too', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, '']));
    const variables = new RecentEvents();
    variables.commit([event(1, { type: 'variables_set', visitor_id: 'v', variables: many })]);
    expect(variables.after(0)).toBeNull();

    const selected = { id: 's', suggestion: 'x'.repeat(100_000), relevancy_score: null };
    const replies = new RecentEvents();
    replies.commit(Array.from({ length: 7 }, (_, index) => event(index + 1, userMessageEvent('ok', selected))));
    expect(replies.after(0)).toBeNull();

    const attachment = { text: 'x'.repeat(100_000), actions: [] } as unknown as Attachment;
    const { message, ...rest } = userMessageEvent('ok');
    const offer: EventBody = { ...rest, message: { ...message, attachments: [attachment] } };
    const offers = new RecentEvents();
    offers.commit(Array.from({ length: 7 }, (_, index) => event(index + 1, offer)));
    expect(offers.after(0)).toBeNull();
  });
});
