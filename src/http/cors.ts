import { cors } from 'hono/cors';
import type { AppMiddleware } from './app-environment.ts';
import { allowedOrigin } from './web-origins.ts';

/** How long (s) a browser may remember what a preflight was answered. */
const PREFLIGHT_LASTS = 600;

/**
 * Lets web pages of the origins in CORS_ORIGINS (separated by commas; `*`: of all) call the API. Credentials are not
 * allowed: a page of another origin gets nothing by the cookie of a session, only with a token of its own.
 */
export const allowWebPages: AppMiddleware = cors({
  origin: (origin, c) => allowedOrigin(origin, (c.env as Env).CORS_ORIGINS),
  allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key'],
  exposeHeaders: ['x-request-id', 'Retry-After', 'Idempotent-Replayed', 'Link'],
  maxAge: PREFLIGHT_LASTS,
});
