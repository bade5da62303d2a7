/** Input and output of the load generator, which runs in a process of its own. */
export type LoadJob = {
  port: number;
  /** The runtime's process whose CPU time is measured; null: it is not. */
  runtime: number | null;
  connections: number;
  /** Requests that are measured. */
  count: number;
  /** Requests sent before those, over the same connections. */
  warmUp: number;
  /**
   * Requests a second, due at random times that do not depend on earlier answers. Null: each connection sends one after
   * the other.
   */
  rate: number | null;
  /** Silence after the last answer (ms), included in the CPU time: alarms ring then. */
  silence: number;
  method: 'GET' | 'POST';
  /**
   * In path and body, `$INDEX` stands for 0, 1, 2 …, `$THREAD` for that number modulo `threads`, and `$CHAT` for the
   * element of `chats` with it.
   */
  path: string;
  body: string;
  threads: number;
  chats?: readonly string[];
  headers: Record<string, string>;
  expectedStatus: number;
  /**
   * Each request makes a webhook to this port, with `<mark>-<index>` in its body. The generator receives it and answers
   * 200 at once.
   */
  webhooks?: { port: number; mark: string };
};

export type LoadResult = {
  /** Seconds from the first measured request to the last answer. */
  seconds: number;
  /** Answers a second during the last fifth of the requests. */
  lastFifth: number;
  /** ms from the request to its answer, with a `rate` from the due time. Ascending. */
  latencies: number[];
  /** Number of unexpected answers by status. */
  unexpected: Record<string, number>;
  /** CPU time of the runtime in ms, with the silence; null when unknown. */
  cpu: number | null;
  webhooks: WebhookResult | null;
};

export type WebhookResult = {
  /** Seconds from the first measured request to the last webhook. */
  seconds: number;
  /** ms from the answer of a request to its webhook. Negative when the webhook arrived first. Ascending. */
  afterAnswer: number[];
  /** ms from the due time, or without a `rate` from the request, to the webhook. Ascending. */
  afterDue: number[];
  /** Webhooks that arrived more than once. */
  repeats: number;
};
