import type { AppContext } from '../../http/app-environment.ts';
import { createRouter } from '../../http/router.ts';

/** The console loads from this origin only, and runs and styles nothing inline, so that no text of a visitor can. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The console of agents: a page for all its addresses, and the files that the page names. */
export const consoleRoutes = createRouter();

consoleRoutes.get('/', (c) => c.redirect('/console'));

/** The name of a file changes with its content. A missing one must not be kept: after a deployment it may come back. */
consoleRoutes.get('/console/assets/*', async (c) => {
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  const answer = new Response(asset.body, asset);
  const isThere = asset.status === 200 || asset.status === 304;
  answer.headers.set('Cache-Control', isThere ? 'public, max-age=31536000, immutable' : 'no-store');
  return answer;
});

/** Every address of the console is the same page, also `/console`. */
consoleRoutes.get('/console/*', async (c: AppContext) => {
  const page = await c.env.ASSETS.fetch(new Request(new URL('/console/', c.req.url), { headers: c.req.raw.headers }));
  const answer = new Response(page.body, page);
  answer.headers.set('Cache-Control', 'no-cache');
  answer.headers.set('Content-Security-Policy', CONTENT_POLICY);
  answer.headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  return answer;
});
