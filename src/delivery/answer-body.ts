import { brotliDecompressSync, constants, unzipSync } from 'node:zlib';

/** Most bytes that are read of a receiver's answer. More do not change the outcome. */
export const MAX_ANSWER_BYTES = 16 * 1024;

/** Bytes of the answer that are logged. */
const KEPT_BYTES = 2048;

/** Most bytes that the kept part may be decompressed to. A body that becomes larger is logged as it came. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024;

/** `is_complete`: the body has ended, or enough of it was read. False: the connection broke, or the signal aborted. */
export type AnswerBody = { text: string; is_complete: boolean };

/**
 * Reads an answer's body, as it came over the wire, up to 16 KB and cancels the rest. The text is made of the first
 * 2,048 bytes, with invalid UTF-8 replaced and without a character that the cut splits. `encoding`: the header
 * Content-Encoding. Never throws: a body that broke off is incomplete, one that cannot be decompressed is taken as text.
 */
export async function readAnswerBody(
  body: ReadableStream<Uint8Array> | null,
  encoding: string | null,
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
  const text = decompressed(kept.subarray(0, Math.min(count, KEPT_BYTES)), encoding);
  // As a stream, the decoder leaves out the character that has only begun. What has ended is shown to its end.
  const stream = count > KEPT_BYTES || text.length > KEPT_BYTES;
  return { text: new TextDecoder().decode(text.subarray(0, KEPT_BYTES), { stream }), is_complete: isComplete };
}

/** The beginning of a body that was compressed. Receivers label what is no such body: then the bytes as they are. */
function decompressed(bytes: Uint8Array, encoding: string | null): Uint8Array {
  try {
    const text = decompress(bytes, encoding);
    // Brotli may take other bytes for the beginning of something that goes on later.
    return text.length === 0 ? bytes : text;
  } catch {
    return bytes;
  }
}

function decompress(bytes: Uint8Array, encoding: string | null): Uint8Array {
  const maxOutputLength = MAX_DECOMPRESSED_BYTES;
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return unzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
    case 'br':
      return brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH });
    default:
      return bytes;
  }
}

/** Cancelling a stream that has failed rejects. The failure is known already. */
async function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    return;
  }
}
