import { type JsonRequest, requestJson } from '../json-request.ts';
import { type Bindings, compare, type Expected } from './expectation.ts';
import type { WebhookFeed } from './webhook-feed.ts';

/** Prints each request, answer and webhook of the demo, and collects the differences from the documents. */
export class Play {
  readonly differences: string[] = [];
  readonly #bindings: Bindings = new Map();
  readonly #baseUrl: string;
  readonly #feed: WebhookFeed;
  readonly #print: (text: string) => void;
  #webhooksSeen = 0;
  #step = '';

  constructor(baseUrl: string, feed: WebhookFeed, print: (text: string) => void) {
    this.#baseUrl = baseUrl;
    this.#feed = feed;
    this.#print = print;
  }

  step(title: string): void {
    this.#step = title;
    this.#print(`\n━━ ${title}\n`);
  }

  /** The value that a placeholder was bound to. Throws when an earlier difference left it unbound. */
  value(name: string): string {
    const value = this.#bindings.get(name);
    if (typeof value !== 'string') throw new Error(`${name} is not known; the demo cannot continue`);
    return value;
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

  /** Selects the channel whose webhooks the demo expects from now on, by its `path`. */
  followChannel(path: string, token: string, secret: string): void {
    this.#feed.follow({ url: `${this.#baseUrl}${path}`, token, secret });
  }

  /** Waits for the next webhook and compares it. */
  async webhook(expected: Expected): Promise<void> {
    const place = this.#webhooksSeen;
    this.#webhooksSeen += 1;
    const seen = await this.#feed.at(place);
    const body: unknown = JSON.parse(seen.body);
    this.#print(`⇠ webhook ${seen.id}: ${seen.how}`);
    this.#printJson(body);
    this.#differ(seen.problems);
    this.#differ(compare(expected, body, this.#bindings, 'webhook'));
  }

  /** Records a difference unless the condition is true. */
  check(holds: boolean, sentence: string): void {
    this.#print(holds ? `✓ ${sentence}` : `✗ ${sentence}`);
    if (!holds) this.differences.push(`${this.#step}: not so: ${sentence}`);
  }

  /** Records failed and unexpected webhooks as differences. */
  async checkNothingElseCame(): Promise<void> {
    this.#differ(await this.#feed.settle());
    const surplus = (await this.#feed.count()) - this.#webhooksSeen;
    this.check(surplus === 0, `no webhook came but the ${this.#webhooksSeen} shown (${surplus} more)`);
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
