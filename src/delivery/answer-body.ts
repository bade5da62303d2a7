/** Most bytes that are read of a receiver's answer. More do not change the outcome. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Bytes of the answer that are logged. */
const KEPT_BYTES = 2048;

/** `is_complete`: the body has ended, or enough of it was read. False: the connection broke, or the signal aborted. */
export type AnswerBody = { text: string; is_complete: boolean };

/**
 * Reads an answer's body up to 16 KB and cancels the rest. The text is made of the first 2,048 bytes, with invalid
 * UTF-8 replaced. Never throws: a body that broke off is incomplete.
 */
export async function readAnswerBody(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): Promise<AnswerBody> {
  if (body === null) return { text: '', is_complete: true };
  const reader = body.getReader();
  const kept = new Uint8Array(KEPT_BYTES);
  let count = 0;
  let isComplete = false;
  try {
    while (!isComplete && !signal.aborted) {
      const { done, value } = await reader.read();
      if (value !== undefined && count < KEPT_BYTES) kept.set(value.subarray(0, KEPT_BYTES - count), count);
      count += value?.length ?? 0;
      isComplete = !signal.aborted && (done || count >= MAX_ANSWER_BYTES);
    }
  } catch {
    isComplete = false;
  }
  await cancelQuietly(reader);
  return { text: new TextDecoder().decode(kept.subarray(0, Math.min(count, KEPT_BYTES))), is_complete: isComplete };
}

/** Cancelling a stream that has failed rejects. The failure is known already. */
async function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    return;
  }
}
