import { Webhook } from 'standardwebhooks';
import { type JsonRequest, requestJson } from '../json-request.ts';
import type { ReceivedRequest, WebhookReceiver } from '../webhook-receiver.ts';
import { type Bindings, compare, type Expected } from './expectation.ts';

/** Shows each request, answer and webhook of the demo as it happens, and collects what differs from the documents. */
export class Play {
  readonly differences: string[] = [];
  readonly #bindings: Bindings = new Map();
  readonly #baseUrl: string;
  readonly #receiver: WebhookReceiver;
  readonly #print: (text: string) => void;
  #verifier: Webhook | null = null;
  #webhooksSeen = 0;
  #step = '';

  constructor(baseUrl: string, receiver: WebhookReceiver, print: (text: string) => void) {
    this.#baseUrl = baseUrl;
    this.#receiver = receiver;
    this.#print = print;
  }

  step(title: string): void {
    this.#step = title;
    this.#print(`\n━━ ${title}\n`);
  }

  /** The value that a placeholder was bound to. Throws when an earlier difference left it unbound. */
  value(name: string): string {
    const value = this.#bindings.get(name);
    if (typeof value !== 'string') throw new Error(`${name} is not known; the demo cannot go on`);
    return value;
  }

  /** From now on every webhook must carry a signature made with this secret. */
  verifyWith(secret: string): void {
    this.#verifier = new Webhook(secret);
  }

  /** Sends a request; `expected` null accepts any body. Answers the body. */
  async call(
    request: Omit<JsonRequest, 'url'> & { path: string; shown?: string },
    status: number,
    expected: Expected | null,
  ): Promise<unknown> {
    const { path, shown, ...rest } = request;
    this.#print(`→ ${rest.method} ${path}`);
    if (rest.body !== undefined) this.#printJson(rest.body);
    const answer = await requestJson({ ...rest, url: `${this.#baseUrl}${path}` });
    this.#print(`← ${answer.status}${shown === undefined ? '' : ` ${shown}`}`);
    if (shown === undefined) this.#printJson(answer.body);
    if (answer.status !== status) this.#differ([`status: expected ${status}, got ${answer.status}`]);
    else if (expected !== null) this.#differ(compare(expected, answer.body, this.#bindings));
    return answer.body;
  }

  /** Waits for the next webhook that was not looked at yet, checks its signature and compares it. */
  async webhook(expected: Expected): Promise<void> {
    const place = this.#webhooksSeen;
    this.#webhooksSeen += 1;
    const request = await this.#receiver.waitFor(({ index }) => index === place);
    const body: unknown = JSON.parse(request.body);
    this.#print(`⇠ webhook ${request.headers['webhook-id'] ?? 'without id'}: ${this.#checkSignature(request)}`);
    this.#printJson(body);
    if (request.headers['content-type'] !== 'application/json') {
      this.#differ([`webhook content type: got ${request.headers['content-type'] ?? 'none'}`]);
    }
    this.#differ(compare(expected, body, this.#bindings, 'webhook'));
  }

  /** Records that something which must hold does not. */
  check(holds: boolean, sentence: string): void {
    this.#print(holds ? `✓ ${sentence}` : `✗ ${sentence}`);
    if (!holds) this.differences.push(`${this.#step}: not so: ${sentence}`);
  }

  /** The webhooks that came without being asked for, as differences. */
  checkNothingElseCame(): void {
    const surplus = this.#receiver.requests.length - this.#webhooksSeen;
    this.check(surplus === 0, `no webhook came but the ${this.#webhooksSeen} shown (${surplus} more)`);
  }

  #checkSignature(request: ReceivedRequest): string {
    if (this.#verifier === null) {
      this.#differ(['webhook before its secret is known']);
      return 'not verified';
    }
    try {
      this.#verifier.verify(request.body, request.headers);
      return 'signature verified';
    } catch (error) {
      this.#differ([`webhook signature: ${(error as Error).message}`]);
      return 'signature WRONG';
    }
  }

  #differ(differences: readonly string[]): void {
    for (const difference of differences) {
      this.#print(`✗ ${difference}`);
      this.differences.push(`${this.#step}: ${difference}`);
    }
  }

  #printJson(value: unknown): void {
    this.#print(JSON.stringify(value, null, 2).replaceAll(/^/gm, '    '));
  }
}
