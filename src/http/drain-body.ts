import type { AppMiddleware } from './app-environment.ts';

/** How much of an unwanted body is read away before the connection is given up, in bytes. */
export const DRAIN_LIMIT = 1_000_000;

/** How long an unwanted body is waited for, in ms: a client that stalls gets its answer then. */
export const DRAIN_PATIENCE = 5_000;

/**
 * Reads away what a refused request still sends. A server that answers and closes while an HTTP/1.1 client is still writing breaks
 * the connection, and most clients then report that instead of the 401 or 413. Cloudflare's edge, which marks requests with `CF-Ray`,
 * does this by itself.
 */
export function drainRefusedBodies(): AppMiddleware {
  return async (c, next) => {
    const { raw } = c.req;
    await next();
    if (raw.bodyUsed || raw.body === null || raw.headers.has('CF-Ray')) return;
    if (Number(raw.headers.get('Content-Length') ?? 0) > DRAIN_LIMIT) return;
    await drain(raw.body.getReader());
  };
}

/** Reads and drops the rest of a body: at most DRAIN_LIMIT bytes, for at most DRAIN_PATIENCE. A client that went away is no error. */
export async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), DRAIN_PATIENCE);
  try {
    for (let length = 0; length <= DRAIN_LIMIT; ) {
      const { done, value } = await reader.read();
      if (done) return;
      length += value.byteLength;
    }
    await reader.cancel();
  } catch {
    // The answer is made already; there is only nobody left who reads it.
  } finally {
    clearTimeout(timer);
  }
}
