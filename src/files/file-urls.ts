import { createHmac } from 'node:crypto';
import { FILE_URL_SECONDS, keyOfFileUrl, keyThatSigns, type SigningKeys } from '../directory/token-keys.ts';
import { isSameSecret } from '../platform/secrets.ts';
import type { Disposition } from '../resources/file.ts';
import type { FileUrl } from '../resources/file-links.ts';

/**
 * The URLs of files: whoever has one gets the file until it expires. The signature covers the file, the end and whether a
 * browser shows it. Pure.
 */

/** How long (s) a URL is valid at least, and to what its end is rounded up: so the same URL is given again for a while. */
type Life = { least: number; rounded: number };

const HOUR = 3600;

/** By where the URL is shown. None is longer than FILE_URL_SECONDS. */
export const FILE_URL_LIFE = {
  /** In answers of the API. */
  answer: { least: HOUR, rounded: 600 },
  /** On live sockets, whose clients keep what they got. */
  socket: { least: 24 * HOUR, rounded: HOUR },
  /** In webhooks, which may be worked on later. */
  webhook: { least: FILE_URL_SECONDS - HOUR, rounded: HOUR },
} as const satisfies { [place: string]: Life };

/** When a URL that is made at `now` (ms) ends, in seconds since 1970. */
export function endOfFileUrl(now: number, { least, rounded }: Life): number {
  return Math.ceil((now / 1000 + least) / rounded) * rounded;
}

/** Makes URLs below `origin`, which may be empty: then they are paths. `now` in ms. */
export function fileUrls(keys: SigningKeys, origin: string, now: number, life: Life): FileUrl {
  const { id: key, files: secret } = keyThatSigns(keys, now);
  const expires = endOfFileUrl(now, life);
  const base = `${origin.replace(/\/+$/, '')}/files`;
  return ({ id }, disposition) => {
    const signature = signatureOf(secret, id, { expires, disposition });
    return `${base}/${id}?expires=${expires}&disposition=${disposition}&key=${key}&signature=${signature}`;
  };
}

/** What a URL says beside the file. `expires` in seconds since 1970. */
export type SignedFileUrl = { expires: number; disposition: Disposition; key: string; signature: string };

/** Whether the hub has made this URL of a file, and it has not ended at `now` (ms). */
export function isValidFileUrl(keys: SigningKeys, id: string, url: SignedFileUrl, now: number): boolean {
  const secret = keyOfFileUrl(keys, url.key, now);
  return (
    secret !== null &&
    now < url.expires * 1000 &&
    url.expires * 1000 <= now + (FILE_URL_SECONDS + CLOCK_SKEW) * 1000 &&
    isSameSecret(url.signature, signatureOf(secret, id, url))
  );
}

const PATH_OF_FILE = /^(?:https?:\/\/\S+)?\/files\/([0-9a-f-]{36})$/;

/** The id of the file of a URL as this module makes them, whatever its origin and whether it has ended; null for another text. */
export function fileOfUrl(text: string): string | null {
  const [path = '', query = ''] = text.split('?');
  const [, id] = PATH_OF_FILE.exec(path) ?? [];
  return id !== undefined && query.includes('signature=') ? id : null;
}

/** The clocks of two Workers may differ by so much (s). */
const CLOCK_SKEW = 60;

function signatureOf(
  secret: Uint8Array,
  id: string,
  { expires, disposition }: Pick<SignedFileUrl, 'expires' | 'disposition'>,
) {
  return createHmac('sha256', secret).update(`${id}\n${expires}\n${disposition}`).digest('base64url');
}
