import type { IncomingMessage } from 'node:http';

/** Larger than any webhook: a message has at most 100,000 characters, and its attachments 200,000 bytes. */
const MAX_BODY_BYTES = 1_000_000;

/** The request is invalid. It is answered with this status and message. */
export class RequestRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Reads a body as text. Throws `RequestRefused` when it is too long. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new RequestRefused(413, 'The body is too long.');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads one text from a page's JSON. Throws `RequestRefused`: 400 when it is missing, blank or too long, 415 for
 * another content type. A form on a foreign page cannot send JSON.
 */
export async function readTextField(request: IncomingMessage, name: string, maxCharacters: number): Promise<string> {
  if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json') {
    throw new RequestRefused(415, 'Send JSON.');
  }
  const value = fieldOf(await readBody(request), name);
  if (typeof value !== 'string' || value.trim() === '') throw new RequestRefused(400, `Enter a ${name}.`);
  if ([...value].length > maxCharacters) {
    throw new RequestRefused(400, `A ${name} has at most ${maxCharacters} characters.`);
  }
  return value;
}

function fieldOf(text: string, name: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  } catch {
    throw new RequestRefused(400, 'The body is not JSON.');
  }
}
