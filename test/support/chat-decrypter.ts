/**
 * What a program of the organization does with encrypted chats. It knows the format of the published decrypting clients
 * and the private key, and nothing of the hub.
 */

/** A key pair of an organization: the public key as PEM, and the private key. */
export async function newKeyPair(): Promise<{ publicKey: string; privateKey: CryptoKey }> {
  const algorithm = { ...OAEP, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['encrypt', 'decrypt'])) as CryptoKeyPair;
  const spki = (await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer;
  return { publicKey: pemOf(new Uint8Array(spki)), privateKey: pair.privateKey };
}

/** The PEM of a public key (SPKI). */
export function pemOf(spki: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...spki)).match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}

/** The key of a chat in clear text, from its `encrypted_symmetric_key`. */
export async function chatKeyOf(encryptedSymmetricKey: string, privateKey: CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.decrypt(OAEP, privateKey, fromBase64(encryptedSymmetricKey));
  return new TextDecoder().decode(bytes);
}

/** The text of an `encrypted_message`. Throws when it was changed, or belongs to another chat. */
export async function textOf(encryptedMessage: string, chatKey: string): Promise<string> {
  const { aesKeyString, hmacKey } = JSON.parse(chatKey) as { aesKeyString: string; hmacKey: { hmacKeyString: string } };
  const bytes = fromBase64(encryptedMessage);
  const [signed, signature] = [bytes.subarray(0, -SIGNATURE_BYTES), bytes.subarray(-SIGNATURE_BYTES)];
  const verifier = await importKey(hmacKey.hmacKeyString, { name: 'HMAC', hash: 'SHA-1' }, 'verify');
  if (!(await crypto.subtle.verify('HMAC', verifier, signature, signed))) throw new Error('The message was changed.');

  const iv = signed.subarray(HEADER_BYTES, HEADER_BYTES + IV_BYTES);
  const key = await importKey(aesKeyString, { name: 'AES-CBC' }, 'decrypt');
  const text = await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, signed.subarray(HEADER_BYTES + IV_BYTES));
  return new TextDecoder().decode(text);
}

const OAEP = { name: 'RSA-OAEP', hash: 'SHA-1' };
const HEADER_BYTES = 5;
const IV_BYTES = 16;
const SIGNATURE_BYTES = 20;

async function importKey(
  base64url: string,
  algorithm: { name: string; hash?: string },
  usage: 'verify' | 'decrypt',
): Promise<CryptoKey> {
  const bytes = fromBase64(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return await crypto.subtle.importKey('raw', bytes, algorithm, false, [usage]);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('\n', '')), (character) => character.charCodeAt(0));
}
