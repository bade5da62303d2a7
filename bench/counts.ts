/** What the counting Worker has counted since it was last asked. */
export type Counts = {
  /** Requests to the Worker, and batches that its queue handler got. */
  workerRequests: number;
  /** Calls of objects, by who called and what: `worker THREADS.execute`. */
  calls: { [name: string]: number };
  /** By class. */
  alarms: { [name: string]: number };
  /** Messages that clients sent through sockets. */
  socketMessages: number;
  /** By class; arming an alarm is a row written. */
  objectRowsRead: { [name: string]: number };
  objectRowsWritten: { [name: string]: number };
  /** Statements of a thread that read so many whole events of its log that it is replayed. */
  logReplays: number;
  d1: { trips: number; tripsThatWrote: number; rowsRead: number; rowsWritten: number };
  queue: { written: number; read: number; deleted: number };
};

/** Of the log's events a commit and its telling need a few at most; the counted thread has twice as many as this. */
export const ROWS_OF_A_FOLD = 20;

export function noCounts(): Counts {
  return {
    workerRequests: 0,
    calls: {},
    alarms: {},
    socketMessages: 0,
    objectRowsRead: {},
    objectRowsWritten: {},
    logReplays: 0,
    d1: { trips: 0, tripsThatWrote: 0, rowsRead: 0, rowsWritten: 0 },
    queue: { written: 0, read: 0, deleted: 0 },
  };
}

export function total(counted: { [name: string]: number }): number {
  return Object.values(counted).reduce((sum, count) => sum + count, 0);
}

/** Path of the counting Worker's own: answers the counts, and begins anew. */
export const COUNTS_PATH = '/bench/counts';
