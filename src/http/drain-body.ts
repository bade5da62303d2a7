import type { AppMiddleware } from './app-environment.ts';

/** How much of the body of a refused request is read before the connection is closed, in bytes. */
export const DRAIN_LIMIT = 1_000_000;

/** Longest wait for the body of a refused request, in ms. A client that stalls gets its answer then. */
export const DRAIN_PATIENCE = 5_000;

/**
 * Reads and discards what a refused request still sends. If the server answers and closes while an HTTP/1.1 client is
 * still writing, the connection breaks, and most clients report that instead of the 401 or 413. Cloudflare's edge,
 * which marks requests with `CF-Ray`, does this by itself.
 */
export function drainRefusedBodies(): AppMiddleware {
  return async (c, next) => {
    const { raw } = c.req;
    await next();
    if (raw.bodyUsed || raw.body === null || raw.headers.has('CF-Ray')) return;
    if (Number(raw.headers.get('Content-Length') ?? 0) > DRAIN_LIMIT) return;
    await drain(raw.body);
  };
}

/** Size of the buffer that takes the discarded bytes, in bytes. One for all of a body, so that it leaves no garbage. */
const DRAIN_BUFFER = 65_536;

/**
 * Reads and discards the rest of a body: at most `limit` bytes, for at most DRAIN_PATIENCE. A client that has
 * disconnected is not an error.
 */
export async function drain(body: ReadableStream<Uint8Array>, limit = DRAIN_LIMIT): Promise<void> {
  const reader = body.getReader({ mode: 'byob' });
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), DRAIN_PATIENCE);
  try {
    let buffer = new ArrayBuffer(DRAIN_BUFFER);
    for (let length = 0; length <= limit; ) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      length += value.byteLength;
      buffer = value.buffer;
    }
    await reader.cancel();
  } catch {
    // The answer is made already; there is only nobody left who reads it.
  } finally {
    clearTimeout(timer);
  }
}
