import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DRAIN_LIMIT, DRAIN_PATIENCE, drain } from '../../../src/http/drain-body.ts';

const CHUNK = 100_000;

/** A body as the runtime gives it. */
const byteStream = (source: Omit<UnderlyingByteSource, 'type'>) => new ReadableStream({ ...source, type: 'bytes' });

describe('drain', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('stops reading a body that stalls', async () => {
    const cancel = vi.fn();
    const stalled = byteStream({
      start: (controller) => controller.enqueue(new Uint8Array(5)),
      cancel,
    });
    const drained = drain(stalled);
    await vi.advanceTimersByTimeAsync(DRAIN_PATIENCE - 1);
    expect(cancel).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await drained;
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('stops reading an endless body, and leaves no timer behind', async () => {
    let read = 0;
    const endless = byteStream({
      pull(controller) {
        read += CHUNK;
        controller.enqueue(new Uint8Array(CHUNK));
      },
    });
    await drain(endless);
    expect(read).toBeLessThan(DRAIN_LIMIT + 5 * CHUNK);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not treat a disconnected client as an error', async () => {
    const broken = byteStream({ pull: (controller) => controller.error(new Error('gone')) });
    await expect(drain(broken)).resolves.toBeUndefined();
  });
});
