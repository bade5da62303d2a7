/**
 * The parts of workerd's Node modules that the Worker uses. Node's own types would also allow what does not exist in
 * Workers, so src/tsconfig.json leaves them out.
 */
declare module 'node:buffer' {
  export class Buffer extends Uint8Array {
    static from(text: string, encoding?: 'base64' | 'base64url'): Buffer;
    static from(bytes: Uint8Array): Buffer;
    static concat(parts: readonly Uint8Array[]): Buffer;
    static byteLength(text: string): number;
    readUInt16BE(offset: number): number;
    readBigUInt64BE(offset: number): bigint;
    toString(encoding?: 'utf8' | 'hex' | 'base64' | 'base64url'): string;
  }
}

declare module 'node:crypto' {
  import type { Buffer } from 'node:buffer';

  interface Digest {
    update(data: string | Uint8Array): Digest;
    digest(): Buffer;
    digest(encoding: 'hex' | 'base64' | 'base64url'): string;
  }
  export function createHash(algorithm: 'md5' | 'sha1' | 'sha256'): Digest;
  export function createHmac(algorithm: 'sha1' | 'sha256', key: string | Uint8Array): Digest;
  interface Cipher {
    update(data: string, encoding: 'utf8'): Buffer;
    final(): Buffer;
  }
  export function createCipheriv(algorithm: 'aes-256-cbc', key: Uint8Array, iv: Uint8Array): Cipher;
  interface PublicKey {
    asymmetricKeyType?: string;
    asymmetricKeyDetails?: { modulusLength?: number; publicExponent?: bigint };
    export(form: { type: 'spki'; format: 'pem' }): string;
  }
  export const constants: { RSA_PKCS1_OAEP_PADDING: number };
  export function createPublicKey(pem: string): PublicKey;
  export function publicEncrypt(key: { key: string; padding: number; oaepHash: 'sha1' }, data: Uint8Array): Buffer;
  export function randomBytes(size: number): Buffer;
  export function timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean;
}

declare module 'node:zlib' {
  export function crc32(data: string): number;
  type Decompression = { maxOutputLength: number; finishFlush: number };
  export const constants: { Z_SYNC_FLUSH: number; BROTLI_OPERATION_FLUSH: number };
  export function unzipSync(data: Uint8Array, options: Decompression): Uint8Array;
  export function brotliDecompressSync(data: Uint8Array, options: Decompression): Uint8Array;
}
