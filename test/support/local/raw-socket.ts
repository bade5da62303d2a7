import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A WebSocket on a bare TCP connection, which can stop reading it. */
export class RawSocket {
  readonly frames: Record<string, unknown>[] = [];
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #wake = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number, path: string, token: string): Promise<RawSocket> {
    const socket = connect({ port, host: '127.0.0.1' });
    const raw = new RawSocket(socket);
    const opened = Promise.withResolvers<void>();
    let head = Buffer.alloc(0);
    socket.on('error', opened.reject);
    socket.on('data', function greet(chunk: Buffer) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', greet);
      if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) {
        opened.reject(new Error(head.toString('latin1')));
        return;
      }
      socket.on('data', (more: Buffer) => raw.#read(more));
      raw.#read(head.subarray(end + 4));
      opened.resolve();
    });
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        'Sec-WebSocket-Version: 13',
        `Authorization: Bearer ${token}`,
        '\r\n',
      ].join('\r\n'),
    );
    await opened.promise;
    return raw;
  }

  /** Sends a frame: text, masked, shorter than 64 KB. */
  send(value: unknown): void {
    const text = Buffer.from(JSON.stringify(value));
    const mask = randomBytes(4);
    const head = text.length < 126 ? Buffer.from([0x81, 0x80 | text.length]) : Buffer.from([0x81, 0xfe, 0, 0]);
    if (text.length >= 126) head.writeUInt16BE(text.length, 2);
    const masked = Buffer.from(text);
    for (const [place, byte] of text.entries()) masked[place] = byte ^ (mask[place % 4] ?? 0);
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits until this many frames have arrived in total. */
  async received(count: number): Promise<void> {
    while (this.frames.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let frame = firstFrame(this.#bytes); frame !== null; frame = firstFrame(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(frame.end);
      if (frame.isText) this.frames.push(JSON.parse(frame.payload) as Record<string, unknown>);
    }
    this.#wake();
  }
}

/**
 * The first frame in the bytes from a server, which neither masks nor splits its frames. Null when the frame is
 * incomplete.
 */
function firstFrame(bytes: Buffer): { isText: boolean; payload: string; end: number } | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const start = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < start) return null;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const end = start + length;
  if (bytes.length < end) return null;
  return { isText: ((bytes[0] ?? 0) & 0x0f) === 1, payload: bytes.toString('utf8', start, end), end };
}
