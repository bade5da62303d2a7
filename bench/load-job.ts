/** What the load generator gets and gives; it runs in a process of its own. */
export type LoadJob = {
  port: number;
  connections: number;
  /** Requests in all. */
  count: number;
  method: 'GET' | 'POST';
  /** In path and body `$INDEX` stands for 0, 1, 2 …, `$THREAD` for the same number modulo `threads`, `$CHAT` for that one of `chats`. */
  path: string;
  body: string;
  threads: number;
  chats?: readonly string[];
  headers: Record<string, string>;
  expectedStatus: number;
};

export type LoadResult = {
  /** From the first request sent to the last answer. */
  seconds: number;
  /** Milliseconds, ascending. */
  latencies: number[];
  /** Count of answers by status, when it was not the expected one. */
  unexpected: Record<string, number>;
  /** Sums of what Server-Timing said. */
  d1Trips: number;
  d1RowsRead: number;
  d1RowsWritten: number;
  threadRowsWritten: number;
};
