/**
 * What kind of file some bytes begin. What the uploader says is not believed: a page that is called an image must not be
 * one. Pure.
 */

/** Number of bytes at the beginning of a file that decide its type. */
export const TYPE_BYTES = 4096;

const OTHER = 'application/octet-stream';
/** Pages and SVG too: a browser shows them as what they are not, a text. */
const TEXT = 'text/plain; charset=utf-8';

/** A type and the bytes of its files at a place. A space stands for any byte. */
type Magic = readonly [type: string, at: number, bytes: string];

const MAGIC: readonly Magic[] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF87a'],
  ['image/gif', 0, 'GIF89a'],
  ['image/webp', 0, 'RIFF    WEBP'],
  ['image/bmp', 0, 'BM    \0\0\0\0'],
  ['image/tiff', 0, 'II*\0'],
  ['image/tiff', 0, 'MM\0*'],
  ['image/heic', 4, 'ftypheic'],
  ['image/avif', 4, 'ftypavif'],
  ['audio/mp4', 4, 'ftypM4A'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/mp4', 4, 'ftyp'],
  ['video/webm', 0, '\x1aE\xdf\xa3'],
  ['audio/wav', 0, 'RIFF    WAVE'],
  ['video/x-msvideo', 0, 'RIFF    AVI '],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/flac', 0, 'fLaC'],
  ['audio/amr', 0, '#!AMR'],
  ['application/pdf', 0, '%PDF-'],
  ['application/zip', 0, 'PK\x03\x04'],
  ['application/zip', 0, 'PK\x05\x06'],
  ['application/gzip', 0, '\x1f\x8b'],
  ['application/x-7z-compressed', 0, "7z\xbc\xaf'\x1c"],
  ['application/vnd.rar', 0, 'Rar!\x1a\x07'],
];

/** The media type of a file, from its first TYPE_BYTES (or all of them, if it is shorter). */
export function typeOfBytes(bytes: Uint8Array): string {
  const start = bytes.subarray(0, TYPE_BYTES);
  const found = MAGIC.find((magic) => hasMagic(start, magic));
  if (found !== undefined) return found[0];
  return isText(start, bytes.byteLength >= TYPE_BYTES) ? TEXT : OTHER;
}

function hasMagic(bytes: Uint8Array, [, at, magic]: Magic): boolean {
  if (bytes.byteLength < at + magic.length) return false;
  for (let place = 0; place < magic.length; place += 1) {
    if (magic[place] !== ' ' && bytes[at + place] !== magic.charCodeAt(place)) return false;
  }
  return true;
}

/** Whether the bytes are UTF-8 without control characters other than white space. `isCut`: a character may be cut off. */
function isText(bytes: Uint8Array, isCut: boolean): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes, { stream: isCut });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells other files from texts.
    return !/[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text);
  } catch {
    return false;
  }
}
