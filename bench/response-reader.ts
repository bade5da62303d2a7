const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** Reads the HTTP/1.1 responses of one connection, one at a time. Bodies are skipped. */
export class ResponseReader {
  #buffer: Buffer = Buffer.alloc(0);

  /** Takes data of the socket. Answers the status once the response is complete. */
  push(chunk: Buffer): number | null {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const headEnd = this.#buffer.indexOf(HEAD_END);
    if (headEnd === -1) return null;
    const head = this.#buffer.toString('latin1', 0, headEnd);
    const bodyEnd = this.#findBodyEnd(head, headEnd + HEAD_END.length);
    if (bodyEnd === null) return null;
    this.#buffer = this.#buffer.subarray(bodyEnd);
    return Number(head.slice(9, 12));
  }

  #findBodyEnd(head: string, start: number): number | null {
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (length !== undefined) {
      const end = start + Number(length);
      return this.#buffer.length >= end ? end : null;
    }
    if (!/^transfer-encoding: *chunked/im.test(head)) return start;
    let place = start;
    for (;;) {
      const lineEnd = this.#buffer.indexOf(LINE_END, place);
      if (lineEnd === -1) return null;
      const size = Number.parseInt(this.#buffer.toString('latin1', place, lineEnd), 16);
      place = lineEnd + LINE_END.length + size + LINE_END.length;
      if (this.#buffer.length < place) return null;
      if (size === 0) return place;
    }
  }
}
