import { cors } from 'hono/cors';
import type { AppMiddleware } from '../../http/app-environment.ts';
import { allowedOrigin } from '../../http/web-origins.ts';

/** How long (s) a browser may remember what a preflight was answered. */
const PREFLIGHT_LASTS = 600;

/**
 * Lets web pages of the origins in CORS_ORIGINS (separated by commas; `*`: of all) call the public API. Tokens go into a header, never a
 * cookie, so credentials are not allowed.
 */
export const allowWebPages: AppMiddleware = cors({
  origin: (origin, c) => allowedOrigin(origin, (c.env as Env).CORS_ORIGINS),
  allowMethods: ['GET', 'POST', 'PUT', 'PATCH'],
  allowHeaders: ['Authorization', 'Content-Type'],
  maxAge: PREFLIGHT_LASTS,
});
