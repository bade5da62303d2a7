/** Most bytes read of a receiver's answer; more do not matter to the outcome. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Bytes of the answer that the log keeps. */
const KEPT_BYTES = 2048;

/** `is_complete`: the body ended or enough of it was read; otherwise the connection broke or the signal aborted. */
export type AnswerBody = { text: string; is_complete: boolean };

/**
 * Reads an answer's body up to 16 KB and lets go of the rest. The text is the first 2,048 bytes; what is no UTF-8 in them
 * is replaced. Never throws: a body that broke off is not complete.
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

/** A stream that has already failed refuses to be cancelled, which is no news here. */
async function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    return;
  }
}
