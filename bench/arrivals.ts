import { createServer, type Server } from 'node:http';

/** A webhook receiver that answers 200 as fast as it can and records the first arrival of each request's webhook. */
export class Arrivals {
  /** Times of `performance.now()` by the index of the request. */
  readonly at = new Map<number, number>();
  repeats = 0;
  #lastAt = performance.now();
  readonly #server: Server;

  constructor(mark: string) {
    const pattern = new RegExp(`${mark}-(\\d+)`);
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        response.end();
        const index = pattern.exec(body)?.[1];
        if (index !== undefined) this.#note(Number(index));
      });
    });
    // A connection that is closed just when the runtime uses it again would fail the webhook.
    this.#server.keepAliveTimeout = 0;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  /** Waits for the webhooks of `count` requests. Throws when none has arrived for `patience` ms. */
  async waitFor(count: number, patience: number): Promise<void> {
    this.#lastAt = performance.now();
    while (this.at.size < count) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (performance.now() - this.#lastAt > patience) {
        throw new Error(`${count - this.at.size} of ${count} webhooks did not arrive within ${patience} ms`);
      }
    }
  }

  #note(index: number): void {
    this.#lastAt = performance.now();
    if (this.at.has(index)) this.repeats += 1;
    else this.at.set(index, this.#lastAt);
  }
}
