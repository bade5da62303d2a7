import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanFileName, contentDisposition, fileNameIn } from '../../../src/resources/file.ts';
import { TYPE_BYTES, typeOfBytes } from '../../../src/resources/file-type.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('the name of a file', () => {
  it.each([
    ['invoice.pdf', 'invoice.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\a.txt', 'a.txt'],
    ['..', 'file'],
    ['.htaccess', 'htaccess'],
    ['a/', 'file'],
    ['', 'file'],
    ['\0\r\n', 'file'],
    ['a\r\nb\0.txt', 'ab.txt'],
    ['evil\u202Egnp.exe', 'evilgnp.exe'],
    ['\uD800.txt', 'txt'],
    ['trailing. . ', 'trailing'],
    ['ü"\'%;.txt', 'ü"\'%;.txt'],
  ])('%j is %j', (given, name) => {
    expect(cleanFileName(given)).toBe(name);
  });

  it('has at most 255 bytes, whole characters, and keeps its extension', () => {
    const long = cleanFileName(`${'ü'.repeat(300)}.jpeg`);
    expect(bytes(long).length).toBeLessThanOrEqual(255);
    expect(long).toMatch(/^ü+\.jpeg$/);
    expect(bytes(cleanFileName('😀'.repeat(100))).length).toBe(252);
  });

  it('never breaks a header, and comes out of it as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        const name = cleanFileName(given);
        const header = contentDisposition('attachment', name);
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        expect(new Headers({ h: header }).get('h')).toBe(header);
        expect(fileNameIn(header)).toBe(name);
        expect(cleanFileName(name)).toBe(name);
      }),
    );
  });

  it.each([
    ['form-data; name="file"; filename="a b.txt"', 'a b.txt'],
    ['form-data; name="file"; filename="say %22hi%22.txt"', 'say "hi".txt'],
    ['attachment; filename="a\\"b.txt"', 'a"b.txt'],
    ['attachment; filename=plain.txt; x=y', 'plain.txt'],
    ["attachment; filename=a; filename*=UTF-8''%e2%82%ac.txt", '€.txt'],
    ["attachment; filename=a; filename*=utf-8'en'%E2%82", 'a'],
    ['form-data; name="filename=x"', null],
    ['', null],
  ])('is in %j: %j', (header, name) => {
    expect(fileNameIn(header)).toBe(name);
  });
});

describe('the type of a file', () => {
  it.each([
    ['\x89PNG\r\n\x1a\nxx', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF\x01\x02\x03\x04WEBPVP8 ', 'image/webp'],
    ['RIFF\x01\x02\x03\x04WAVEfmt ', 'audio/wav'],
    ['\0\0\0\x18ftypmp42', 'video/mp4'],
    ['%PDF-1.7', 'application/pdf'],
    ['PK\x03\x04', 'application/zip'],
    ['GIF8', 'text/plain; charset=utf-8'],
    ['<svg onload="x"/>', 'text/plain; charset=utf-8'],
    ['<!doctype html>', 'text/plain; charset=utf-8'],
    [' \x89PNG\r\n\x1a\n', 'application/octet-stream'],
    ['a\0b', 'application/octet-stream'],
    ['\xfc\xfd', 'application/octet-stream'],
  ])('%j is %s', (text, type) => {
    expect(typeOfBytes(latin(text))).toBe(type);
  });

  it('is text although a character is cut off where the look ends, but not where the file ends', () => {
    const text = bytes('€'.repeat(TYPE_BYTES));
    expect(typeOfBytes(text)).toBe('text/plain; charset=utf-8');
    expect(typeOfBytes(text.subarray(0, 10))).toBe('application/octet-stream');
  });
});
