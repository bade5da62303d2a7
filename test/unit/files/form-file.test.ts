import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundaryOf, findFormFile, UploadCutOff } from '../../../src/files/form-file.ts';

const encoder = new TextEncoder();

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let place = 0, index = 0; place < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(place, place + size);
    place += size;
  }
}

async function collect(parts: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}

/** A form with a field, the file and another field. */
function formOf(content: Uint8Array, boundary: string): Uint8Array {
  const before = `preamble\r\n--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--${boundary}\r\n`;
  const head = 'content-disposition: form-data; name="file"; filename="ü.txt"\r\nContent-Type: text/html\r\n\r\n';
  const after = `\r\n--${boundary}\r\nContent-Disposition: form-data; name="z"\r\n\r\ny\r\n--${boundary}--\r\n`;
  return Uint8Array.from([...encoder.encode(before + head), ...content, ...encoder.encode(after)]);
}

describe('the file of a form', () => {
  it('is found whatever it contains and however the form arrives', async () => {
    const content = fc
      .array(fc.constantFrom('\r', '\n', '-', '--', '\r\n--b', '\r\n--bo', 'boundary', '\0', 'x'), { maxLength: 40 })
      .map((parts) => encoder.encode(parts.join('')));
    await fc.assert(
      fc.asyncProperty(content, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), async (bytes, sizes) => {
        fc.pre(!new TextDecoder().decode(bytes).includes('\r\n--boundary'));
        const found = await findFormFile(inChunks(formOf(bytes, 'boundary'), sizes), 'boundary');
        expect(found?.name).toBe('ü.txt');
        expect(await collect(found?.bytes ?? inChunks(bytes, [1]))).toEqual([...bytes]);
      }),
    );
  });

  it('is refused when the form ends before it, wherever', async () => {
    const whole = formOf(encoder.encode('hello'), 'b');
    const end = new TextDecoder().decode(whole).indexOf('hello') + 'hello\r\n--b'.length;
    for (let length = 0; length < end; length += 1) {
      const read = async () => {
        const found = await findFormFile(inChunks(whole.subarray(0, length), [7]), 'b');
        if (found !== null) await collect(found.bytes);
      };
      await expect(read(), `${length} bytes`).rejects.toBeInstanceOf(UploadCutOff);
    }
  });

  it('is null when no field is called so', async () => {
    const text = '--b\r\nContent-Disposition: form-data; name="files"; filename="file"\r\n\r\nx\r\n--b--';
    expect(await findFormFile(inChunks(encoder.encode(text), [5]), 'b')).toBeNull();
  });
});

describe('the boundary of a form', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; charset=utf-8; boundary="a b;c"', 'a b;c'],
    ['Multipart/Form-Data; Boundary=abc', 'abc'],
    ['multipart/form-data', null],
    ['multipart/mixed; boundary=abc', null],
    [`multipart/form-data; boundary="${'x'.repeat(71)}"`, null],
    ['text/plain; boundary=abc', null],
  ])('of %j is %j', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary);
  });
});
