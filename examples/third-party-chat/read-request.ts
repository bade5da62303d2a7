import type { IncomingMessage } from 'node:http';
import type { Upload } from './hub-request.ts';

/** Larger than any webhook: a message has at most 100,000 characters, and its attachments 200,000 bytes. */
const MAX_BODY_BYTES = 1_000_000;
/** What the hub takes. */
const MAX_FILE_BYTES = 26_214_400;

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
  return (await readBytes(request, MAX_BODY_BYTES, 'The body is too long.')).toString('utf8');
}

async function readBytes(request: IncomingMessage, most: number, problem: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > most) throw new RequestRefused(413, problem);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
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

/**
 * Reads a page's file. Throws `RequestRefused`: 400 without a name or bytes, 413 when it is too large, 415 for another content
 * type. A form on a foreign page cannot send this one.
 */
export async function readFile(request: IncomingMessage, name: string | null): Promise<Upload> {
  if (request.headers['content-type'] !== 'application/octet-stream') throw new RequestRefused(415, 'Send a file.');
  if (name === null || name.trim() === '') throw new RequestRefused(400, 'The file has no name.');
  const bytes = await readBytes(request, MAX_FILE_BYTES, 'A file has at most 25 MB.');
  if (bytes.length === 0) throw new RequestRefused(400, 'The file is empty.');
  return { name, bytes };
}

function fieldOf(text: string, name: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  } catch {
    throw new RequestRefused(400, 'The body is not JSON.');
  }
}
