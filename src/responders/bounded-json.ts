/** The longest answer of a responder in bytes: a message of 100,000 characters, each up to 6 bytes in JSON. */
const ANSWER_BYTES = 700_000;

/** The JSON of an answer. Null when it is too long, breaks off or is no JSON. */
export async function readBoundedJson(answer: Response): Promise<unknown> {
  if (answer.body === null) return null;
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  try {
    for await (const chunk of answer.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > ANSWER_BYTES) return null;
      text += decoder.decode(chunk, { stream: true });
    }
    return JSON.parse(text + decoder.decode()) as unknown;
  } catch {
    return null;
  }
}
