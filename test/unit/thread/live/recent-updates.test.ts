import { describe, expect, it } from 'vitest';
import type { ThreadUpdate } from '../../../../src/notifications/notifications.ts';
import { RecentUpdates } from '../../../../src/thread/live/recent-updates.ts';

const update = (seq: number, size = 10): ThreadUpdate =>
  ({ seq, at: seq, origin: 'x'.repeat(size), is_silent: false, notifications: [] }) as unknown as ThreadUpdate;
const seqs = (found: { entries: ThreadUpdate[] } | null) => found?.entries.map(({ seq }) => seq);

describe('recent updates', () => {
  it('are those after a checkpoint, with the last seq covered', () => {
    const tail = new RecentUpdates();
    tail.add(0, [update(2), update(3)], 4);
    tail.add(4, [update(5)], 5);
    expect(tail.after(0, 10)).toEqual({ entries: [update(2), update(3), update(5)], upto: 5 });
    expect(tail.after(3, 10)).toEqual({ entries: [update(5)], upto: 5 });
    expect(tail.after(0, 2)).toEqual({ entries: [update(2), update(3)], upto: 3 });
  });

  it('cover events without notifications at the end', () => {
    const tail = new RecentUpdates();
    tail.add(0, [], 3);
    expect(tail.after(1, 10)).toEqual({ entries: [], upto: 3 });
  });

  it('are null where they do not reach back far enough', () => {
    const tail = new RecentUpdates();
    tail.add(7, [update(8)], 8);
    expect(tail.after(6, 10)).toBeNull();
    expect(tail.after(8, 10)).toBeNull();
    expect(seqs(tail.after(7, 10))).toEqual([8]);
  });

  it('start again where events are missing', () => {
    const tail = new RecentUpdates();
    tail.add(0, [update(1)], 1);
    tail.add(5, [update(6)], 6);
    expect(tail.after(0, 10)).toBeNull();
    expect(seqs(tail.after(5, 10))).toEqual([6]);
  });

  it('keep a limited number of entries and of characters, the newest', () => {
    const many = new RecentUpdates();
    for (let seq = 1; seq <= 500; seq += 1) many.add(seq - 1, [update(seq)], seq);
    expect(many.after(0, 1000)).toBeNull();
    expect(many.after(300, 1000)?.entries).toHaveLength(200);
    const large = new RecentUpdates();
    for (let seq = 1; seq <= 5; seq += 1) large.add(seq - 1, [update(seq, 400_000)], seq);
    expect(seqs(large.after(3, 10))).toEqual([4, 5]);
    expect(large.after(2, 10)).toBeNull();
    large.add(5, [update(6, 2_000_000)], 6);
    expect(large.after(5, 10)).toBeNull();
  });
});
