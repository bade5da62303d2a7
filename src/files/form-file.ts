import { fileNameIn } from '../resources/file.ts';

/** Longest head of a part of a form in bytes, and most bytes of a form that are not its file. */
const HEAD_BYTES = 8_192;
export const FORM_BYTES = 65_536;

/** The field of a form that has the file. */
const FIELD = 'file';

/** The form ended before its file did, or is none. */
export class UploadCutOff extends Error {
  override readonly name = 'UploadCutOff';
}

/** The boundary in a `Content-Type` of a form (`multipart/form-data`); null for any other type, and without a valid boundary. */
export function boundaryOf(contentType: string): string | null {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

/** Bytes of a stream, read as needed. */
type Source = AsyncIterator<Uint8Array>;

/**
 * The file of a form: its name (null: it has none), and its bytes, which must be read to their end. `fields`: the others
 * before it, as text; `readRest` reads those behind it, after the bytes.
 */
export type FormFile = {
  name: string | null;
  bytes: AsyncIterable<Uint8Array>;
  fields: ReadonlyMap<string, string>;
  readRest: () => Promise<ReadonlyMap<string, string>>;
};

/**
 * Finds the field `file` in a form (RFC 7578) and reads it as it comes: no more than two chunks of it are in memory. Null when the form ends without it. Reading throws `UploadCutOff` when
 * the form ends early.
 */
export async function findFormFile(stream: AsyncIterable<Uint8Array>, boundary: string): Promise<FormFile | null> {
  const form = new FormReader(stream[Symbol.asyncIterator](), boundary);
  await form.readText();
  const fields = new Map<string, string>();
  const found = await readFields(form, fields);
  if (found === null) return null;
  const readRest = async () => {
    const rest = new Map<string, string>();
    await readFields(form, rest);
    return rest;
  };
  return { name: fileNameIn(found), bytes: form.part(), fields, readRest };
}

/** Reads fields up to the next one of a file, and answers its `Content-Disposition`; null at the end of the form. */
async function readFields(form: FormReader, fields: Map<string, string>): Promise<string | null> {
  for (let head = await form.readHead(); head !== null; head = await form.readHead()) {
    const disposition = /^content-disposition:\s*(.*)$/im.exec(head)?.[1] ?? '';
    const found = /;\s*name=(?:"([^"]*)"|([^;\s]+))/i.exec(disposition);
    const name = found?.[1] ?? found?.[2] ?? '';
    if (name === FIELD) return disposition;
    fields.set(name, await form.readText());
  }
  return null;
}

class FormReader {
  readonly #source: Source;
  readonly #delimiter: Uint8Array;
  #held: Uint8Array = new Uint8Array(0);
  #beside = 0;

  constructor(source: Source, boundary: string) {
    this.#source = source;
    this.#delimiter = bytesOf(`\r\n--${boundary}`);
    // The first delimiter of a form has no line break before it.
    this.#held = bytesOf('\r\n');
  }

  /** The bytes up to the next delimiter, which is read too. */
  async *part(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const end = placeOf(this.#held, this.#delimiter);
      // The delimiter may begin in what is held and end in what comes.
      const sure = end === -1 ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : end;
      if (sure > 0) yield this.#held.subarray(0, sure);
      this.#held = this.#held.subarray(end === -1 ? sure : end + this.#delimiter.length);
      if (end !== -1) return;
      await this.#more();
    }
  }

  /** Reads a part that is no file. */
  async readText(): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.part()) {
      this.#beside += chunk.byteLength;
      if (this.#beside > FORM_BYTES) throw new UploadCutOff('the form has too much beside its file');
      // What is held is written over as the form goes on.
      chunks.push(chunk.slice());
    }
    return textOf(joinBytes(chunks));
  }

  /** The headers of the next part; null when the form has ended. */
  async readHead(): Promise<string | null> {
    while (this.#held.length < 2) await this.#more();
    if (textOf(this.#held.subarray(0, 2)) === '--') return null;
    for (;;) {
      const end = placeOf(this.#held, END_OF_HEAD);
      if (end > HEAD_BYTES || (end === -1 && this.#held.length > HEAD_BYTES)) {
        throw new UploadCutOff('the head of a part is too long');
      }
      if (end !== -1) {
        const head = textOf(this.#held.subarray(0, end));
        this.#held = this.#held.subarray(end + END_OF_HEAD.length);
        return head;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw new UploadCutOff('the form ended early');
    this.#held = joinBytes([this.#held, value]);
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const END_OF_HEAD = bytesOf('\r\n\r\n');

/** Where some bytes begin in others; -1: nowhere. */
function placeOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const [first = 0] = wanted;
  for (let place = bytes.indexOf(first); place !== -1; place = bytes.indexOf(first, place + 1)) {
    if (place + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, offset) => bytes[place + offset] === byte)) return place;
  }
  return -1;
}

/** One array of the bytes of several. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}
