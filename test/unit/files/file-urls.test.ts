import { describe, expect, it } from 'vitest';
import {
  deriveSigningKey,
  FILE_URL_SECONDS,
  SIGNS_AFTER,
  type SigningKeys,
} from '../../../src/directory/token-keys.ts';
import {
  endOfFileUrl,
  FILE_URL_LIFE,
  fileUrls,
  isValidFileUrl,
  type SignedFileUrl,
} from '../../../src/files/file-urls.ts';
import { STALE_FOR } from '../../../src/platform/isolate-cache.ts';
import type { Disposition } from '../../../src/resources/file.ts';

const AT = 1_800_000_000_000;
const FILE = { id: '01a1fe0e-b0a1-7e2f-8a3b-5c6d7e8f9012', name: 'a', content_type: 'x', size: 1, sha256: '' };
const OTHER = '01a1fe0e-b0a1-7e2f-8a3b-5c6d7e8f9013';

const first = await deriveSigningKey('k1', AT - 86_400_000, new Uint8Array(32).fill(1));
const second = await deriveSigningKey('k2', AT, new Uint8Array(32).fill(2));
const before: SigningKeys = [first];
const after: SigningKeys = [first, second];

type Life = { least: number; rounded: number };

/** What a URL of the file says, made at a time. */
function made(
  keys: SigningKeys,
  now: number,
  disposition: Disposition = 'attachment',
  life: Life = FILE_URL_LIFE.webhook,
) {
  const url = new URL(fileUrls(keys, 'https://hub.example/', now, life)(FILE, disposition));
  expect([url.origin, url.pathname]).toEqual(['https://hub.example', `/files/${FILE.id}`]);
  const of = (name: string) => url.searchParams.get(name) ?? '';
  return { expires: Number(of('expires')), disposition, key: of('key'), signature: of('signature') };
}

describe('the URL of a file', () => {
  it.each(Object.entries(FILE_URL_LIFE))(
    'for %s is valid until its end, and is the same for a while',
    (_place, life) => {
      const url = made(before, AT, 'inline', life);
      expect(url.expires * 1000 - AT).toBeGreaterThanOrEqual(life.least * 1000);
      expect(url.expires * 1000 - AT).toBeLessThanOrEqual((life.least + life.rounded) * 1000);
      expect(url.expires - AT / 1000).toBeLessThanOrEqual(FILE_URL_SECONDS);
      expect(made(before, url.expires * 1000 - life.least * 1000, 'inline', life)).toEqual(url);
      expect(isValidFileUrl(before, FILE.id, url, url.expires * 1000 - 1)).toBe(true);
      expect(isValidFileUrl(before, FILE.id, url, url.expires * 1000)).toBe(false);
    },
  );

  it('counts for its file, end and disposition only, and for the key that has signed it', () => {
    const url = made(before, AT);
    const changes: Partial<SignedFileUrl>[] = [
      { expires: url.expires + 1 },
      { expires: url.expires - 1 },
      { disposition: 'inline' },
      { key: 'k2' },
      { key: '' },
      { signature: '' },
      { signature: url.signature.slice(1) },
    ];
    expect(isValidFileUrl(after, FILE.id, url, AT)).toBe(true);
    expect(isValidFileUrl(after, OTHER, url, AT)).toBe(false);
    for (const change of changes)
      expect(isValidFileUrl(after, FILE.id, { ...url, ...change }, AT), JSON.stringify(change)).toBe(false);
  });

  it('from before a rotation works until it ends, also one that an isolate with an old copy has made', () => {
    const late = AT + SIGNS_AFTER + STALE_FOR - 1000;
    const url = made(before, late);
    expect(isValidFileUrl(after, FILE.id, url, url.expires * 1000 - 1000)).toBe(true);
    expect(isValidFileUrl([second], FILE.id, url, late)).toBe(false);
  });

  it('cannot be made by a replaced key once all of its own have ended, nor for longer than the hub does', () => {
    const end = AT + SIGNS_AFTER + STALE_FOR + FILE_URL_SECONDS * 1000;
    expect(isValidFileUrl(after, FILE.id, made(before, end), end)).toBe(false);
    const long = made(before, AT, 'attachment', { least: FILE_URL_SECONDS + 3600, rounded: 1 });
    expect(isValidFileUrl(before, FILE.id, long, AT)).toBe(false);
  });

  it('ends at a whole number of seconds', () => {
    expect(endOfFileUrl(AT + 1, FILE_URL_LIFE.answer) % 600).toBe(0);
  });
});
