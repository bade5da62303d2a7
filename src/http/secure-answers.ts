import { secureHeaders } from 'hono/secure-headers';
import type { AppMiddleware } from './app-environment.ts';

/** For API answers. What is about other resources of a page (CORP, COOP) would keep pages of CORS_ORIGINS from them. */
const ANSWERS = {
  contentSecurityPolicy: { frameAncestors: ["'none'"] },
  referrerPolicy: 'no-referrer',
  xContentTypeOptions: true,
  crossOriginResourcePolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  // The reference page has a stricter policy of its own (public/_headers).
  overwrite: false,
} satisfies Parameters<typeof secureHeaders>[0];

const overHttp = secureHeaders({ ...ANSWERS, strictTransportSecurity: false });
const overHttps = secureHeaders({ ...ANSWERS, strictTransportSecurity: 'max-age=31536000' });

const done = async () => {};

/**
 * The headers that each answer has unless a handler has set its own: no cache keeps it, since most hold secrets or
 * personal data; no page frames it; no browser guesses its type.
 */
export const secureAnswers: AppMiddleware = async (c, next) => {
  await next();
  // The headers of a handshake that a hub's object has answered cannot be changed.
  if (c.res.status === 101) return;
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
  await (c.req.url.startsWith('https:') ? overHttps : overHttp)(c, done);
};
