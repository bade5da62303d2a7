/**
 * Where the demo finds the webhooks of its channel. A receiver on this machine sees the requests themselves. A hub elsewhere cannot reach
 * it; there the delivery log has the body of each webhook and what became of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { requestJson } from '../json-request.ts';
import { startReceiver } from '../webhook-receiver.ts';

/** `how`: what is known of it besides its body. `problems`: what is wrong about the request, one sentence each. */
export type SeenWebhook = { id: string; body: string; how: string; problems: string[] };

/** The channel of the demo: its URL, a token that may read it, and the secret of its webhooks. */
export type DemoChannel = { url: string; token: string; secret: string };

export type WebhookFeed = {
  /** The address that the channel is registered with. */
  webhookUrl: string;
  /** Selects the channel. Must be called before its first webhook. */
  follow(channel: DemoChannel): void;
  /** The webhook at a place, 0 for the first that was accepted. Waits for it; rejects after 20 s. */
  at(place: number): Promise<SeenWebhook>;
  /** The number of webhooks so far. */
  count(): Promise<number>;
  /** Waits until no webhook is on its way. What went wrong with the sending, one sentence each. */
  settle(): Promise<string[]>;
  stop(): Promise<void>;
};

/** Webhooks as a receiver on 127.0.0.1 gets them: their signature and content type are checked. */
export async function receivedWebhooks(): Promise<WebhookFeed> {
  const receiver = await startReceiver();
  let verifier: Webhook | null = null;

  function problemOfSignature(body: string, headers: Record<string, string>): string[] {
    if (verifier === null) return ['webhook before its secret is known'];
    try {
      verifier.verify(body, headers);
      return [];
    } catch (error) {
      return [`webhook signature: ${(error as Error).message}`];
    }
  }

  return {
    webhookUrl: `${receiver.url}/webhooks/replies`,
    follow({ secret }) {
      verifier = new Webhook(secret);
    },
    async at(place) {
      const { body, headers } = await receiver.waitFor(({ index }) => index === place);
      const type = headers['content-type'];
      const wrongSignature = problemOfSignature(body, headers);
      const wrongType = type === 'application/json' ? [] : [`webhook content type: got ${type ?? 'none'}`];
      return {
        id: headers['webhook-id'] ?? 'without id',
        body,
        how: wrongSignature.length === 0 ? 'signature verified' : 'signature WRONG',
        problems: [...wrongSignature, ...wrongType],
      };
    },
    count: async () => receiver.requests.length,
    settle: async () => [],
    stop: () => receiver.stop(),
  };
}

/**
 * An https URL with a reserved host name that does not exist. Webhooks to it are accepted and logged, and their
 * attempts fail.
 */
const NOBODY = 'https://umi-demo.example/webhooks/replies';
const PATIENCE_MILLISECONDS = 20_000;
/** A webhook is given up about 10 s after its first attempt, and those of a thread go one after the other. */
const SETTLE_MILLISECONDS = 120_000;
const POLL_MILLISECONDS = 500;

type Delivery = { id: string; status: string; attempt_count: number; last_status: number | null };

/** Webhooks as the hub's delivery log has them. `receiver`: an address of yours that answers 200; null for none. */
export function loggedWebhooks(receiver: string | null): WebhookFeed {
  let channel: DemoChannel | null = null;

  async function read(path: string): Promise<unknown> {
    if (channel === null) throw new Error('webhook before its channel is known');
    const { url, token } = channel;
    const answer = await requestJson({ method: 'GET', url: `${url}/deliveries${path}`, token });
    if (answer.status !== 200) throw new Error(`the delivery log answered ${answer.status}`);
    return answer.body;
  }
  /** Oldest first. */
  async function deliveries(): Promise<Delivery[]> {
    return ((await read('?page_size=200')) as { results: Delivery[] }).results.toReversed();
  }
  async function poll<Value>(find: () => Promise<Value | null>, patience: number): Promise<Value | null> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = await find();
      if (found !== null || Date.now() > deadline) return found;
      await pause(POLL_MILLISECONDS);
    }
  }

  return {
    webhookUrl: receiver ?? NOBODY,
    follow(followed) {
      channel = followed;
    },
    async at(place) {
      const found = await poll(async () => (await deliveries())[place] ?? null, PATIENCE_MILLISECONDS);
      if (found === null)
        throw new Error(`the awaited webhook is not in the delivery log after ${PATIENCE_MILLISECONDS} ms`);
      const { body } = (await read(`/${found.id}`)) as { body: string | null };
      if (body === null) throw new Error(`the delivery log has no body of the webhook ${found.id}`);
      return { id: found.id, body, how: 'in the delivery log', problems: [] };
    },
    count: async () => (await deliveries()).length,
    async settle() {
      const wanted = receiver === null ? 'exhausted' : 'delivered';
      const settled = await poll(async () => {
        const all = await deliveries();
        return all.some(({ status }) => status === 'pending') ? null : all;
      }, SETTLE_MILLISECONDS);
      return (settled ?? (await deliveries()))
        .filter(({ status, attempt_count }) => status !== wanted || attempt_count === 0)
        .map(
          ({ id, status, attempt_count, last_status }) =>
            `the webhook ${id} is ${status} after ${attempt_count} attempts (${last_status ?? 'no answer'}), not ${wanted}`,
        );
    },
    stop: async () => {},
  };
}
