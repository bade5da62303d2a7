import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { AppContext, AppMiddleware } from './app-environment.ts';
import { refuse } from './refusals.ts';

/**
 * The cookie of a session. Over https it is `__Host-umi_session`, which browsers send over https to this host alone. A hub
 * on this machine is reached over http, where they keep no such cookie: there it is `umi_session`.
 */
const NAME = 'umi_session';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether the request was sent to this machine, by the host that it names. */
export function isToLoopback(c: AppContext): boolean {
  return LOOPBACK.has(new URL(c.req.url).hostname);
}

/** The form of the cookie for this request; null where a cookie could be read on its way. */
function cookieForm(c: AppContext): { prefix: 'host' | undefined } | null {
  if (c.req.url.startsWith('https:')) return { prefix: 'host' };
  return isToLoopback(c) ? { prefix: undefined } : null;
}

/** The secret in the cookie of a request; null without one. */
export function readSessionCookie(c: AppContext): string | null {
  if (c.req.header('Cookie') === undefined) return null;
  const form = cookieForm(c);
  if (form === null) return null;
  return (form.prefix === undefined ? getCookie(c, NAME) : getCookie(c, NAME, form.prefix)) || null;
}

/** Gives the browser the secret of a session that works until `end` (ms) at most. Scripts cannot read it. */
export function setSessionCookie(c: AppContext, secret: string, end: number): void {
  setCookie(c, NAME, secret, { ...attributes(c), expires: new Date(end) });
}

/** Makes the browser forget the session. */
export function clearSessionCookie(c: AppContext): void {
  deleteCookie(c, NAME, attributes(c));
}

function attributes(c: AppContext) {
  const isSecure = c.req.url.startsWith('https:');
  const prefix = isSecure ? ({ prefix: 'host' } as const) : {};
  return { ...prefix, path: '/', secure: isSecure, httpOnly: true, sameSite: 'Strict' } as const;
}

/**
 * Whether a request comes from a page of this hub. A browser adds the cookie to requests of any page of the same site,
 * which on one machine is every port, and bodies are JSON whatever their type says. It says itself where a request comes
 * from (`Sec-Fetch-Site`); old ones say it by `Origin`, where it matters. Whoever types an address may read.
 */
export function isFromOwnPage(c: AppContext): boolean {
  const isReading = (c.req.method === 'GET' || c.req.method === 'HEAD') && c.req.header('Upgrade') === undefined;
  const site = c.req.header('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin' || (isReading && site === 'none');
  return isReading || c.req.header('Origin') === new URL(c.req.url).origin;
}

/** Lets only a page of this hub begin a session, and only where its cookie is safe. Another page could sign its own user in. */
export const requireOwnPage: AppMiddleware = async (c, next) => {
  if (cookieForm(c) === null) return refuse(c, { reason: 'session_unsafe' });
  if (!isFromOwnPage(c)) return refuse(c, { reason: 'page_foreign' });
  await next();
};
