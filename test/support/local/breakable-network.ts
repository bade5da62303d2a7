import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP way to a hub that the test can cut: each connection breaks at once, whatever is on its way. */
export class BreakableNetwork {
  /** How often connections were broken while something was on its way. */
  cuts = 0;
  isDown = false;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.isDown) {
        client.destroy();
        return;
      }
      const hub = connect({ port, host: '127.0.0.1' });
      for (const [from, to] of [[client, hub] as const, [hub, client] as const]) {
        this.#open.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#open.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async to(port: number): Promise<BreakableNetwork> {
    const network = new BreakableNetwork(port);
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nothing passes, and no connection ends. */
  fallSilent(): void {
    for (const socket of this.#open) socket.unpipe().pause();
  }

  cut(): void {
    if (this.#open.size > 0) this.cuts += 1;
    for (const socket of [...this.#open]) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
