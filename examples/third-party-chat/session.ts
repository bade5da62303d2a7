import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const COOKIE = 'chat_session';
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60;

/** The session of the browser that sent a request; null when it has none. */
export function sessionOf(request: IncomingMessage): string | null {
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim().split('='));
  const value = cookies.find(([name]) => name === COOKIE)?.[1];
  return value !== undefined && /^[0-9a-f]{64}$/.test(value) ? value : null;
}

/** Gives a browser a session: 256 random bits in a cookie that scripts cannot read. */
export function startSession(response: ServerResponse, isHttps: boolean): void {
  const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${isHttps ? '; Secure' : ''}`;
  response.setHeader('Set-Cookie', `${COOKIE}=${randomBytes(32).toString('hex')}; ${attributes}`);
}
