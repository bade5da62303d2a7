import { decodeProtectedHeader, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readOwnToken, signOwnToken } from '../../../src/directory/own-tokens.ts';
import {
  type Audience,
  acceptedUntil,
  deriveSigningKey,
  hasUnknownKey,
  KEPT_AFTER,
  keyThatSigns,
  SIGNS_AFTER,
  type SigningKeys,
  TOKEN_SECONDS,
} from '../../../src/directory/token-keys.ts';
import { STALE_FOR } from '../../../src/platform/isolate-cache.ts';

const AT = 1_800_000_000_000;
const AUDIENCES = Object.keys(TOKEN_SECONDS) as Audience[];
const claims = z.object({ who: z.string() });

const first = await deriveSigningKey('k1', AT - 86_400_000, new Uint8Array(32).fill(1));
const second = await deriveSigningKey('k2', AT, new Uint8Array(32).fill(2));
const before: SigningKeys = [first];
const after: SigningKeys = [first, second];

const sign = (keys: SigningKeys, audience: Audience, now: number) => signOwnToken(keys, audience, { who: 'me' }, now);
const read = (keys: SigningKeys, audience: Audience, token: string, now: number) =>
  readOwnToken(keys, audience, token, claims, now);

test.each(AUDIENCES)(
  'a %s token from before a rotation works until it expires, and names its key',
  async (audience) => {
    const token = await sign(before, audience, AT - 1);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'HS256', kid: 'k1' });
    const life = TOKEN_SECONDS[audience] * 1000;
    expect(await read(after, audience, token, AT + life - 2000)).toEqual({ who: 'me' });
    expect(await read(after, audience, token, AT + life)).toBeNull();
  },
);

test.each(AUDIENCES)(
  'an isolate with an old copy may go on signing %s tokens as long as it may keep the copy',
  async (audience) => {
    const late = AT + SIGNS_AFTER + STALE_FOR - 1000;
    const token = await sign(before, audience, late);
    const life = TOKEN_SECONDS[audience] * 1000;
    expect(await read(after, audience, token, late + life - 1000)).toEqual({ who: 'me' });
  },
);

test.each(AUDIENCES)(
  'a replaced key signs no valid %s token any more once all of its own have ended',
  async (audience) => {
    const end = acceptedUntil(after, 0, audience);
    expect(end).toBe(AT + SIGNS_AFTER + STALE_FOR + TOKEN_SECONDS[audience] * 1000);
    const forgedAt = (now: number) => sign(before, audience, now);
    expect(await read(after, audience, await forgedAt(Number(end) - 1), Number(end) - 1)).toEqual({ who: 'me' });
    expect(await read(after, audience, await forgedAt(Number(end)), Number(end))).toBeNull();
    expect(acceptedUntil(after, 1, audience)).toBeNull();
    expect(Number(end)).toBeLessThanOrEqual(AT + KEPT_AFTER);
  },
);

test('a new key signs when every isolate that meets it can read it; the first key at once', async () => {
  expect(keyThatSigns(after, AT).id).toBe('k1');
  expect(keyThatSigns(after, AT + SIGNS_AFTER - 1).id).toBe('k1');
  expect(keyThatSigns(after, AT + SIGNS_AFTER).id).toBe('k2');
  expect(keyThatSigns([second], AT).id).toBe('k2');
  const third = await deriveSigningKey('k3', AT + 1, new Uint8Array(32).fill(3));
  expect(keyThatSigns([second, third], AT + 2).id).toBe('k2');
});

test('each kind of token has a key of its own', async () => {
  for (const audience of AUDIENCES) {
    const token = await sign(before, audience, AT);
    for (const other of AUDIENCES) {
      expect([audience, other, (await read(before, other, token, AT)) !== null]).toEqual([
        audience,
        other,
        audience === other,
      ]);
    }
  }
});

test('a token lives no longer than its kind, whoever signs it', async () => {
  const key = first.keys.user;
  const token = (seconds: number) =>
    new SignJWT({ who: 'me' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer('umi')
      .setAudience('user')
      .setExpirationTime(AT / 1000 + seconds)
      .sign(key);
  expect(await read(before, 'user', await token(300), AT)).toEqual({ who: 'me' });
  expect(await read(before, 'user', await token(320), AT)).toBeNull();
});

test('only a token with another key id makes somebody look for a key', async () => {
  const token = await sign(after, 'user', AT + SIGNS_AFTER);
  expect([hasUnknownKey(before, token), hasUnknownKey(after, token)]).toEqual([true, false]);
  for (const none of [
    '',
    'a.b.c',
    'x',
    await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(first.keys.user),
  ]) {
    expect(hasUnknownKey(before, none)).toBe(false);
    expect(await read(before, 'user', none, AT)).toBeNull();
  }
});
