/** The counts since the last request for them. */
export type Counts = {
  /** Requests to the Worker, and batches of its queue handler. */
  workerRequests: number;
  /** Calls of objects, by caller and method: `worker THREADS.execute`. */
  calls: { [name: string]: number };
  /** By class. */
  alarms: { [name: string]: number };
  /** Messages of clients through sockets. */
  socketMessages: number;
  /** By class. Arming an alarm is a row written. */
  objectRowsRead: { [name: string]: number };
  objectRowsWritten: { [name: string]: number };
  /** Statements of a thread that read so many whole events that they must be a replay of the log. */
  logReplays: number;
  d1: { trips: number; tripsThatWrote: number; rowsRead: number; rowsWritten: number };
  queue: { written: number; read: number; deleted: number };
};

/** A commit and its publishing read a few events of the log at most. The counted thread has twice this many. */
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

/** A path of the counting Worker: answers the counts and resets them. */
export const COUNTS_PATH = '/bench/counts';
