import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encryptText, newChatKey, publicKeyIn } from '../../../src/domain/encryption.ts';
import { textOf } from '../../support/chat-decrypter.ts';

let folder: string;
let publicKey: string;

const openssl = (args: string, input: string | Uint8Array = '') =>
  execFileSync('openssl', args.split(' '), { cwd: folder, input, stdio: ['pipe', 'pipe', 'ignore'] });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
  openssl('genrsa -out private.pem 2048');
  publicKey = openssl('rsa -in private.pem -pubout').toString();
});
afterAll(() => rmSync(folder, { recursive: true }));

const newKey = () => newChatKey({ public_key: publicKey, key_ttl: 1000 }, randomBytes);
const CHAT_KEY = JSON.stringify({
  hmacKey: { hmacKeyString: Buffer.alloc(32, 'h').toString('base64url'), size: 256 },
  aesKeyString: Buffer.alloc(32, 'a').toString('base64url'),
  mode: 'CBC',
  size: 256,
});

describe('the key of a chat', () => {
  test('is read by openssl with the private key', () => {
    const { encrypted_symmetric_key, key, key_ttl } = newKey();
    const options = '-inkey private.pem -pkeyopt rsa_padding_mode:oaep';
    const opened = openssl(`pkeyutl -decrypt ${options}`, Buffer.from(encrypted_symmetric_key, 'base64'));
    expect(opened.toString()).toBe(key);
    expect(key_ttl).toBe(1000);
    expect(JSON.parse(key ?? '')).toEqual({
      hmacKey: { hmacKeyString: expect.stringMatching(/^[\w-]{43}$/), size: 256 },
      aesKeyString: expect.stringMatching(/^[\w-]{43}$/),
      mode: 'CBC',
      size: 256,
    });
  });

  test('comes from the given random bytes, each part from its own', () => {
    let calls = 0;
    const { key } = newChatKey({ public_key: publicKey, key_ttl: null }, (count) => {
      calls += 1;
      return new Uint8Array(count).fill(calls);
    });
    const { hmacKey, aesKeyString } = JSON.parse(key ?? '') as {
      hmacKey: { hmacKeyString: string };
      aesKeyString: string;
    };
    const bytes = [hmacKey.hmacKeyString, aesKeyString].map((text) => Buffer.from(text, 'base64url').toString('hex'));
    expect(bytes).toEqual(['01'.repeat(32), '02'.repeat(32)]);
  });

  test('is encrypted in lines, and differently each time', () => {
    const texts = [newKey(), newKey()].map((each) => each.encrypted_symmetric_key);
    expect(new Set(texts).size).toBe(2);
    for (const text of texts) expect(text).toMatch(/^([\w+/]{76}\n){4}[\w+/]{38}==\n$/);
  });
});

describe('an encrypted text', () => {
  test('is what openssl makes of it', () => {
    const iv = Buffer.alloc(16, 'i');
    const text = 'Wo bleibt meine Bestellung? '.repeat(9);
    const aes = `-K ${Buffer.alloc(32, 'a').toString('hex')} -iv ${iv.toString('hex')}`;
    const signed = Buffer.concat([Buffer.from('00000'), iv, openssl(`enc -aes-256-cbc ${aes}`, text)]);
    const hmac = openssl(
      `dgst -sha1 -binary -mac HMAC -macopt hexkey:${Buffer.alloc(32, 'h').toString('hex')}`,
      signed,
    );
    expect(hmac.length).toBe(20);
    const expected = openssl('base64 -e -A', Buffer.concat([signed, hmac])).toString();
    const encrypted = encryptText(CHAT_KEY, text, iv);
    expect(encrypted.replaceAll('\n', '')).toBe(expected);
    expect(Math.max(...encrypted.split('\n').map((line) => line.length))).toBe(76);
  });

  test('is read again, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async (text) => {
        expect(await textOf(encryptText(CHAT_KEY, text, randomBytes(16)), CHAT_KEY)).toBe(text);
      }),
    );
  });

  test('is refused once a byte of it was changed, or with the key of another chat', async () => {
    const bytes = Buffer.from(encryptText(CHAT_KEY, 'hei', randomBytes(16)), 'base64');
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(textOf(changed.toString('base64'), CHAT_KEY)).rejects.toThrow('changed');
    }
    await expect(textOf(bytes.toString('base64'), newKey().key ?? '')).rejects.toThrow('changed');
  });
});

describe('a public key', () => {
  const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  /** A public key whose numbers are these: nobody has its private key. */
  const madeOf = (bits: number, exponent: string) => {
    const n = Buffer.concat([Buffer.of(0xff), randomBytes(bits / 8 - 2), Buffer.of(1)]);
    const e = Buffer.from(exponent, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'RSA', n: n.toString('base64url'), e }, format: 'jwk' });
    return pemOf(key);
  };

  test('is kept in one form', () => {
    expect(publicKeyIn(publicKey)).toBe(publicKey);
    expect(publicKeyIn(`\n ${publicKey.replaceAll('\n', '\r\n')}`)).toBe(publicKey);
    expect(publicKeyIn(madeOf(4096, '010001'))).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(publicKeyIn(madeOf(2048, '03'))).not.toBeNull();
  });

  test.each([
    ['is short', () => madeOf(1024, '010001')],
    ['is long', () => madeOf(4104, '010001')],
    ['has the exponent 1, which encrypts nothing', () => madeOf(2048, '01')],
    ['has a long exponent', () => madeOf(2048, '010000000001')],
    ['has an even exponent', () => madeOf(2048, '010000')],
    ['is a private key', () => openssl('rsa -in private.pem').toString()],
    ['has a private key after it', () => publicKey + openssl('rsa -in private.pem').toString()],
    ['is of another form', () => openssl('rsa -in private.pem -RSAPublicKey_out').toString()],
    ['is for signatures', () => pemOf(generateKeyPairSync('ed25519').publicKey)],
    ['is cut', () => publicKey.replace(/\n[^\n]+\n-----END/, '\n-----END')],
    ['is nothing', () => ''],
    ['is a text', () => 'a public key'],
  ])('is refused when it %s', (_, text) => {
    expect(publicKeyIn(text())).toBeNull();
  });
});
