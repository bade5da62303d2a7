import { Buffer } from 'node:buffer';
import { constants, createCipheriv, createHmac, createPublicKey, publicEncrypt } from 'node:crypto';
import type { EncryptionFacts } from '../resources/chat.ts';

/** What a chat needs to begin encrypted. `key_ttl`: how long after its end the hub forgets its key, in ms; null: never. */
export type EncryptionSetting = { public_key: string; key_ttl: number | null };

/**
 * The encryption of a chat. `encrypted_symmetric_key` is for the holder of the organization's private key. `key` is the
 * same in clear text, null once the hub has forgotten it: it stays in the thread's object.
 */
export type ChatEncryption = { encrypted_symmetric_key: string; key: string | null; key_ttl: number | null };

/** What everybody may know of a chat's encryption. */
export function withoutKey({ key: _key, ...facts }: ChatEncryption): EncryptionFacts {
  return facts;
}

/** Gives so many random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

const DAY = 86_400_000;
const KEY_BYTES = 32;
const SHORTEST_RSA_KEY = 2048;
const LONGEST_RSA_KEY = 4096;
/** A longer exponent makes encryption slow. */
const HIGHEST_EXPONENT = 2n ** 32n;
/** Decrypters skip the header. These are the bytes in the texts of the published examples. */
const HEADER = Buffer.from('00000');
const LINE = /.{1,76}/g;
/** A block of PEM with an SPKI public key: a private key has another heading. */
const PUBLIC_KEY = /^-----BEGIN PUBLIC KEY-----[\sA-Za-z0-9+/=]+-----END PUBLIC KEY-----$/;

/** How chats that start are encrypted. `days`: how many after its end a chat's key is forgotten; null: never. */
export function encryptionOf(publicKey: string | null, days: number | null): EncryptionSetting | null {
  return publicKey === null ? null : { public_key: publicKey, key_ttl: days === null ? null : days * DAY };
}

/**
 * The key of a new chat, encrypted with the organization's RSA key (OAEP with SHA-1). All bytes of the key come from
 * `random`; the padding of RSA is random too, so two calls never give the same `encrypted_symmetric_key`.
 */
export function newChatKey({ public_key, key_ttl }: EncryptionSetting, random: RandomBytes): ChatEncryption {
  const size = KEY_BYTES * 8;
  const newKey = () => Buffer.from(random(KEY_BYTES)).toString('base64url');
  const hmacKey = { hmacKeyString: newKey(), size };
  const key = JSON.stringify({ hmacKey, aesKeyString: newKey(), mode: 'CBC', size });
  return { encrypted_symmetric_key: base64Lines(encryptForOwner(public_key, key)), key, key_ttl };
}

/**
 * A text as the `encrypted_message` of a chat with this key: the header, the IV, AES-256-CBC, and HMAC-SHA1 over all of
 * it. `iv` is 16 random bytes, new for each text.
 */
export function encryptText(key: string, text: string, iv: Uint8Array): string {
  const { aesKeyString, hmacKey } = JSON.parse(key) as { aesKeyString: string; hmacKey: { hmacKeyString: string } };
  const cipher = createCipheriv('aes-256-cbc', Buffer.from(aesKeyString, 'base64url'), iv);
  const signed = Buffer.concat([HEADER, iv, cipher.update(text, 'utf8'), cipher.final()]);
  const signature = createHmac('sha1', Buffer.from(hmacKey.hmacKeyString, 'base64url')).update(signed).digest();
  return base64Lines(Buffer.concat([signed, signature]));
}

/**
 * The public key in a text, in its one form (SPKI, PEM). Null when it is not an RSA key of 2048 to 4096 bits that a chat
 * can be encrypted with.
 */
export function publicKeyIn(text: string): string | null {
  const trimmed = text.trim();
  if (!PUBLIC_KEY.test(trimmed)) return null;
  try {
    const key = createPublicKey(trimmed);
    if (key.asymmetricKeyType !== 'rsa' || !isStrong(key.asymmetricKeyDetails)) return null;
    const pem = String(key.export({ type: 'spki', format: 'pem' }));
    encryptForOwner(pem, 'a');
    return pem;
  } catch {
    return null;
  }
}

type RsaKeyDetails = { modulusLength?: number; publicExponent?: bigint };

/** With the exponent 1 a text would be its own ciphertext, and with an even one nobody could decrypt. */
function isStrong({ modulusLength: bits = 0, publicExponent: exponent = 0n }: RsaKeyDetails = {}): boolean {
  const isUsable = exponent >= 3n && exponent <= HIGHEST_EXPONENT && exponent % 2n === 1n;
  return isUsable && bits >= SHORTEST_RSA_KEY && bits <= LONGEST_RSA_KEY;
}

function encryptForOwner(publicKey: string, text: string): Buffer {
  // Without `oaepHash`, workerd takes another hash than Node.
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;
  return publicEncrypt({ key: publicKey, ...padding }, Buffer.from(text));
}

/** Base64 in lines of 76 characters, each with its end, as the decrypting clients get it. */
function base64Lines(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll(LINE, (line) => `${line}\n`);
}
