/** What the load generator gets and gives; it runs in a process of its own. */
export type LoadJob = {
  port: number;
  /** Process of the runtime that is measured; null: its CPU time is not. */
  runtime: number | null;
  connections: number;
  /** Requests that are measured. */
  count: number;
  /** Requests sent before those, over the same connections. */
  warmUp: number;
  /** Requests a second that fall due by chance, whatever became of those before; null: each connection sends one after the other. */
  rate: number | null;
  /** ms of silence after the last answer whose CPU time is counted too: alarms ring then. */
  silence: number;
  method: 'GET' | 'POST';
  /** In path and body `$INDEX` stands for 0, 1, 2 …, `$THREAD` for the same number modulo `threads`, `$CHAT` for that one of `chats`. */
  path: string;
  body: string;
  threads: number;
  chats?: readonly string[];
  headers: Record<string, string>;
  expectedStatus: number;
  /** Each request brings a webhook to this port, with `<mark>-<index>` in its body. The generator receives them, and answers 200 at once. */
  webhooks?: { port: number; mark: string };
};

export type LoadResult = {
  /** Seconds from the first measured request to the last answer. */
  seconds: number;
  /** Answers a second during the last fifth of the requests. */
  lastFifth: number;
  /** ms from the request to its answer, at a `rate` from when it was due; ascending. */
  latencies: number[];
  /** Count of answers by status, when it was not the expected one. */
  unexpected: Record<string, number>;
  /** CPU time of the runtime, in ms, the silence included; null when nobody knows. */
  cpu: number | null;
  webhooks: WebhookResult | null;
};

export type WebhookResult = {
  /** Seconds from the first measured request to the last webhook. */
  seconds: number;
  /** ms from the answer of a request to its webhook, which may come first: then it is negative. Ascending. */
  afterAnswer: number[];
  /** ms from when the request was due, or sent without a `rate`, to its webhook; ascending. */
  afterDue: number[];
  /** Webhooks that came more than once. */
  repeats: number;
};
