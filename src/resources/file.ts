/** Files in messages: what is known of one, how it is named, and which may be shown in a page. Pure. */

/** Largest file in bytes: 25 MB. */
export const FILE_BYTES = 26_214_400;
/** Longest name of a file in bytes of UTF-8, as file systems allow it. */
export const FILE_NAME_BYTES = 255;
/** Most attachments of a message that are files. */
export const FILES_OF_A_MESSAGE = 20;

/** A stored file, as a message's attachment records and shows it. `size` in bytes, `sha256` in hex. */
export type FileFacts = {
  id: string;
  name: string;
  content_type: string;
  size: number;
  sha256: string;
};

/** Whether a browser saves a file or shows it in the page. */
export type Disposition = 'attachment' | 'inline';

/** Images that a browser may show. None of them can hold a program, as SVG can. */
const INLINE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Whether files of a type may be shown inside a page. */
export function isInlineType(contentType: string): boolean {
  return INLINE_TYPES.includes(contentType);
}

/** The name of a file whose own says nothing. */
const NAMELESS = 'file';

/**
 * The name under which a file is stored: the last part of a path, without control characters and characters that change
 * the direction of text, in at most FILE_NAME_BYTES. A long one keeps its extension.
 */
export function cleanFileName(given: string): string {
  const last = given.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  const visible = last.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\uFFFD]/gu, '').trim();
  const name = visible.replace(/^\.+/, '').replace(/[. ]+$/, '');
  if (name === '') return NAMELESS;
  const [extension = ''] = /\.[\p{L}\p{N}]{1,10}$/u.exec(name) ?? [];
  const stem = name.slice(0, name.length - extension.length);
  return `${firstBytes(stem, FILE_NAME_BYTES - byteLength(extension))}${extension}`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

/** The characters at the beginning of a text that fit into so many bytes of UTF-8. */
function firstBytes(text: string, most: number): string {
  let size = 0;
  let kept = '';
  for (const character of text) {
    size += byteLength(character);
    if (size > most) break;
    kept += character;
  }
  return kept;
}

/** The header `Content-Disposition` of an answer with a file (RFC 6266): its name in ASCII, and in UTF-8 if that differs. */
export function contentDisposition(disposition: Disposition, name: string): string {
  const ascii = name.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\%]/g, '_');
  if (ascii === name) return `${disposition}; filename="${name}"`;
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/**
 * The name in a header `Content-Disposition`, of an upload or of a part of a form; null when it has none. A browser writes
 * `"`, CR and LF of a form's file name as %22, %0D and %0A (HTML, multipart form data), and UTF-8 as it is.
 */
export function fileNameIn(header: string): string | null {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // A malformed one counts as missing (RFC 6266, 4.3).
    }
  }
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1').replaceAll('%22', '"');
  return /;\s*filename\s*=\s*([^;\s"]+)/i.exec(header)?.[1] ?? null;
}
