import { type Counts, total } from './counts.ts';

/**
 * US dollars for a million, beyond what the paid plan includes, in November 2026 (developers.cloudflare.com, the pages
 * "Pricing" of Workers, Durable Objects (SQLite storage), D1 and Queues).
 */
const PRICES = {
  workerRequests: 0.3,
  /** Calls of an object, alarms, and requests that open a socket. */
  objectRequests: 0.15,
  objectRowsRead: 0.001,
  objectRowsWritten: 1,
  d1RowsRead: 0.001,
  d1RowsWritten: 1,
  queueOperations: 0.4,
} as const;

/** This many messages from a client's socket count as one request. */
const SOCKET_MESSAGES_OF_A_REQUEST = 20;

export type Billed = { [Item in keyof typeof PRICES]: number };

/**
 * What Cloudflare bills for the counts, by the items of its price list. CPU time, duration and storage are not
 * included.
 */
export function billed(counts: Counts): Billed {
  return {
    workerRequests: counts.workerRequests,
    objectRequests: total(counts.calls) + total(counts.alarms) + counts.socketMessages / SOCKET_MESSAGES_OF_A_REQUEST,
    objectRowsRead: total(counts.objectRowsRead),
    objectRowsWritten: total(counts.objectRowsWritten),
    d1RowsRead: counts.d1.rowsRead,
    d1RowsWritten: counts.d1.rowsWritten,
    queueOperations: counts.queue.written + counts.queue.read + counts.queue.deleted,
  };
}

/** US dollars for a million times what was billed. */
export function priceOfMillion(items: Billed): number {
  return Object.entries(PRICES).reduce((sum, [item, price]) => sum + items[item as keyof Billed] * price, 0);
}
