import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 random bytes in base64url: what nobody can guess of a token or a secret. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether two secrets are the same. Digests are compared, so that the time taken tells neither the secret nor its length. */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digestOf(left), digestOf(right));
}

function digestOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
