import type { Attempt } from '../rpc/lane.ts';
import { readAnswerBody } from './answer-body.ts';
import type { AttemptTimes } from './attempt-times.ts';
import { parseRetryAfter } from './retry-schedule.ts';
import { signWebhook } from './signature.ts';
import { guardWebhookUrl } from './url-guard.ts';

/** Where a webhook goes and how it is signed. Read again before each attempt. */
export type Destination = {
  url: string;
  /** The current secret first, then the previous one during its grace. */
  secrets: readonly string[];
  /** Origins of the hub as the receiver knows it. No webhook is sent to them. */
  own_origins: readonly string[];
  /** For the threads API: the header `x-api-key`. */
  api_key?: string;
};

/** A webhook to send: `webhook-id`, the same at each attempt, and the JSON text. */
export type Webhook = { id: string; body: string };

export type AttemptDeps = {
  fetch: (url: URL, init: RequestInit) => Promise<Response>;
  /** ms since 1970. */
  now: () => number;
  /** One deadline for connection, headers and body. */
  deadline_milliseconds: number;
  allow_insecure_loopback: boolean;
};

/** `retry_after`: seconds that a failing receiver asked for, at most 24 h. */
export type AttemptResult = { is_delivered: boolean; attempt: Attempt; retry_after: number | null };

/**
 * Sends a webhook once: guard, signature, one HTTP POST. Delivered means a 2xx whose body ended before the deadline, or
 * of which 16 KB came. Redirects are not followed. Never throws because of the receiver. `attempt.error`: `timeout`,
 * `connection failed`, `redirect refused` or `url refused: …`; null when the status says everything.
 */
export function attemptWebhook(deps: AttemptDeps, destination: Destination, webhook: Webhook): Promise<AttemptResult> {
  return attemptRequest(deps, destination, (at) => signedRequest(destination, webhook, at));
}

/** The same with a GET without body and signature: the URL carries the content. */
export function attemptCall(deps: AttemptDeps, destination: Omit<Destination, 'secrets'>): Promise<AttemptResult> {
  return attemptRequest(deps, destination, () => ({ method: 'GET', headers: { 'user-agent': USER_AGENT } }));
}

const USER_AGENT = 'UMI-Webhooks/1';

/** `make` builds the request that goes out at a time (ms), if the guard allows it. */
async function attemptRequest(
  deps: AttemptDeps,
  destination: Omit<Destination, 'secrets'>,
  make: (at: number) => RequestInit | Promise<RequestInit>,
): Promise<AttemptResult> {
  const at = deps.now();
  const guarded = guardWebhookUrl(destination.url, {
    allowInsecureLoopback: deps.allow_insecure_loopback,
    ownOrigins: destination.own_origins,
  });
  const seen = guarded.ok
    ? await send(deps, guarded.url, await make(at))
    : unanswered(`url refused: ${guarded.reason}`);
  const { is_delivered, retry_after, status, response, error } = seen;
  const duration = guarded.ok ? deps.now() - at : 0;
  return { is_delivered, retry_after, attempt: { at, duration, status, response, error } };
}

/** A URL without the part that no request carries (its fragment). A text that is not a URL stays as it is. */
export function sentUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.hash = '';
  return url.href;
}

type Seen = {
  is_delivered: boolean;
  status: number | null;
  response: string | null;
  error: string | null;
  retry_after: number | null;
};

async function signedRequest(destination: Destination, webhook: Webhook, at: number): Promise<RequestInit> {
  const timestamp = Math.floor(at / 1000);
  const { id, body } = webhook;
  return {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': USER_AGENT,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': await signWebhook({ secrets: destination.secrets, id, timestamp, body }),
      ...(destination.api_key === undefined ? {} : { 'x-api-key': destination.api_key }),
    },
  };
}

async function send(deps: AttemptDeps, url: URL, request: RequestInit): Promise<Seen> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), deps.deadline_milliseconds);
  try {
    // Unless told so, fetch decompresses the body, and a label such as gzip on a plain body looks like a broken connection.
    const init = { ...request, redirect: 'manual', encodeResponseBody: 'manual', signal: controller.signal } as const;
    const answer = await deps.fetch(url, init);
    const body = await readAnswerBody(answer.body, answer.headers.get('content-encoding'), controller.signal);
    const error = errorOf(answer, body.is_complete, controller.signal);
    const isDelivered = answer.ok && error === null;
    const retryAfter = isDelivered ? null : parseRetryAfter(answer.headers.get('retry-after'), deps.now());
    const { status } = answer;
    return { is_delivered: isDelivered, status, response: body.text, error, retry_after: retryAfter };
  } catch {
    return unanswered(controller.signal.aborted ? 'timeout' : 'connection failed');
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

/** What fetch would follow (Fetch, redirect status). Others below 400, such as 304, say by themselves what they are. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

function errorOf(answer: Response, isComplete: boolean, signal: AbortSignal): string | null {
  if (answer.status === 0 || REDIRECTS.includes(answer.status)) return 'redirect refused';
  if (isComplete) return null;
  return signal.aborted ? 'timeout' : 'connection failed';
}

function unanswered(error: string): Seen {
  return { is_delivered: false, status: null, response: null, error, retry_after: null };
}

/**
 * How a deployed Worker makes attempts: with the platform's fetch and clock, and the deployment's rule for loopback
 * receivers.
 */
export function attemptDeps(
  env: { ALLOW_INSECURE_WEBHOOKS: string },
  { deadline }: Pick<AttemptTimes, 'deadline'>,
): AttemptDeps {
  return {
    fetch: (url, init) => fetch(url, init),
    now: Date.now,
    deadline_milliseconds: deadline,
    allow_insecure_loopback: allowsInsecureLoopback(env),
  };
}

/** Whether webhooks may go to loopback addresses, even without TLS: for a hub on a developer's machine. */
export function allowsInsecureLoopback(env: { ALLOW_INSECURE_WEBHOOKS: string }): boolean {
  return env.ALLOW_INSECURE_WEBHOOKS === '1';
}
