/**
 * What a request has cost: trips to D1 and their rows, calls to threads and users' objects, and the rows that threads
 * wrote. `milliseconds` are spent waiting.
 */
export type Cost = {
  d1: { trips: number; rowsRead: number; rowsWritten: number; milliseconds: number };
  thread: { calls: number; rowsWritten: number; milliseconds: number };
};

/** No cost yet. */
export function noCost(): Cost {
  return {
    d1: { trips: 0, rowsRead: 0, rowsWritten: 0, milliseconds: 0 },
    thread: { calls: 0, rowsWritten: 0, milliseconds: 0 },
  };
}

/** Adds `part` to `total` in place. A part of a transaction that several requests share is a fraction. */
export function addCost(total: Cost, part: Cost): void {
  total.d1.trips += part.d1.trips;
  total.d1.rowsRead += part.d1.rowsRead;
  total.d1.rowsWritten += part.d1.rowsWritten;
  total.d1.milliseconds += part.d1.milliseconds;
  total.thread.calls += part.thread.calls;
  total.thread.rowsWritten += part.thread.rowsWritten;
  total.thread.milliseconds += part.thread.milliseconds;
}
