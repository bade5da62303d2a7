import { createExecutionContext } from 'cloudflare:test';
import { createApp } from '../../../src/app.ts';
import type { Json } from './organization.ts';
import { testEnv } from './requests.ts';

const hub = createApp();

export type Frame = Json & { type: string };

/** The paths of the sockets, below /api/v5. */
export const userPath = ({ user_id }: { user_id: string }) => `/users/${user_id}/live`;
export const visitorPath = ({ id }: { id: string }) => `/public/visitors/${id}/live`;

/** The answer to a handshake. */
export function shakeHands(path: string, headers: Record<string, string>, env: Partial<Env> = {}): Promise<Response> {
  const request = new Request(`https://hub.example/api/v5${path}`, { headers: { Upgrade: 'websocket', ...headers } });
  return Promise.resolve(hub.fetch(request, { ...testEnv, ...env } as Env, createExecutionContext()));
}

/** A client of a live socket. It keeps all frames in order. */
export class LiveClient {
  readonly frames: Frame[] = [];
  readonly pongs: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  #looked = 0;
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = closed.promise;
    socket.addEventListener('message', ({ data }) => {
      if (data === 'pong') this.pongs.push(data);
      else this.frames.push(JSON.parse(String(data)) as Frame);
      this.#wake();
    });
    socket.addEventListener('close', ({ code, reason }) => {
      closed.resolve({ code, reason });
      this.#wake();
    });
    socket.accept();
  }

  static open(path: string, token: string): Promise<LiveClient> {
    return LiveClient.by(path, { Authorization: `Bearer ${token}` });
  }

  static async by(path: string, headers: Record<string, string>): Promise<LiveClient> {
    const answer = await shakeHands(path, headers);
    if (answer.webSocket === null) throw new Error(`the handshake was answered ${answer.status}`);
    const client = new LiveClient(answer.webSocket);
    await client.next('welcome');
    return client;
  }

  static ofUser(person: { user_id: string; token: string }): Promise<LiveClient> {
    return LiveClient.open(`/users/${person.user_id}/live`, person.token);
  }

  static ofVisitor(visitor: { id: string; token: string }): Promise<LiveClient> {
    return LiveClient.open(`/public/visitors/${visitor.id}/live`, visitor.token);
  }

  send(frame: unknown): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  sendBytes(bytes: ArrayBuffer): void {
    this.#socket.send(bytes);
  }

  close(): void {
    this.#socket.close(1000, 'done');
  }

  /** The next frame. It must have this type. */
  async next(type: string): Promise<Frame> {
    await this.#until(() => this.frames.length > this.#looked);
    const frame = this.frames[this.#looked++];
    if (frame?.type !== type) throw new Error(`not a frame of type ${type}: ${JSON.stringify(frame)}`);
    return frame;
  }

  /** The next notification of a change in a collection. */
  async nextChange(channel: string): Promise<Json> {
    for (;;) {
      const { notifications } = await this.next('notifications');
      const found = (notifications as Json[]).find(
        (each) => each['channel'] === channel && each['action'] === 'changed',
      );
      if (found !== undefined) return found;
    }
  }

  async subscribe(channels: string[], after: number | null = null): Promise<Frame> {
    this.send({ type: 'subscribe', channels, after });
    return this.next('subscribed');
  }

  /** Waits until this many frames have arrived in total. */
  async received(count: number): Promise<Frame[]> {
    await this.#until(() => this.frames.length >= count);
    return this.frames;
  }

  async ponged(): Promise<void> {
    await this.#until(() => this.pongs.length > 0);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

/** A frame of notifications without the resources. */
export function said(frame: Frame): unknown[] {
  return (frame['notifications'] as Json[]).map(({ channel, action, resource_id }) => [channel, action, resource_id]);
}
