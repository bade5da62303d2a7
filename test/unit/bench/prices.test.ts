import { describe, expect, it } from 'vitest';
import { noCounts } from '../../../bench/counts.ts';
import { billed, priceOfMillion } from '../../../bench/prices.ts';

describe('the cost of a message', () => {
  it('is zero when nothing was counted', () => {
    expect(priceOfMillion(billed(noCounts()))).toBe(0);
  });

  it('contains each item of the price list once', () => {
    const items = billed({
      workerRequests: 1,
      calls: { 'worker THREADS.execute': 1, 'thread USERS.watch': 2 },
      alarms: { threads: 1 },
      socketMessages: 20,
      objectRowsRead: { threads: 10 },
      objectRowsWritten: { threads: 3, "threads' alarms": 1 },
      logReplays: 7,
      d1: { trips: 5, tripsThatWrote: 1, rowsRead: 20, rowsWritten: 2 },
      queue: { written: 1, read: 2, deleted: 1 },
    });
    expect(items).toEqual({
      workerRequests: 1,
      objectRequests: 5,
      objectRowsRead: 10,
      objectRowsWritten: 4,
      d1RowsRead: 20,
      d1RowsWritten: 2,
      queueOperations: 4,
    });
    // 0.30 for the request, 0.75 for requests to objects, 4 + 2 for rows written, 0.03 for rows read, 1.60 for the
    // queue.
    expect(priceOfMillion(items)).toBeCloseTo(8.68, 10);
  });
});
