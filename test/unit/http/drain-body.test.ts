import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DRAIN_LIMIT, DRAIN_PATIENCE, drain } from '../../../src/http/drain-body.ts';

describe('drain', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('stops reading a body that stalls', async () => {
    const cancel = vi.fn();
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(5)),
      cancel,
    });
    const drained = drain(stalled.getReader());
    await vi.advanceTimersByTimeAsync(DRAIN_PATIENCE - 1);
    expect(cancel).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await drained;
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('stops reading an endless body, and leaves no timer behind', async () => {
    const chunk = new Uint8Array(100_000);
    let read = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        read += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    await drain(endless.getReader());
    expect(read).toBeLessThan(DRAIN_LIMIT + 5 * chunk.byteLength);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not treat a disconnected client as an error', async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('gone')) });
    await expect(drain(broken.getReader())).resolves.toBeUndefined();
  });
});
