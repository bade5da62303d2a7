import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Least length of the admin token in characters: a shorter one can be guessed, and it opens every organization. */
export const SHORTEST_ADMIN_TOKEN = 32;

/** 32 random bytes in base64url: the part of a token or secret that nobody can guess. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Whether two secrets are the same. Their digests are compared, so the time that it takes reveals nothing about them.
 */
export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digestOf(left), digestOf(right));
}

function digestOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
