import type { AppContext } from '../../http/app-environment.ts';
import { createRouter } from '../../http/router.ts';

/**
 * The reference page and the OpenAPI document are static assets (dist/site). Cloudflare serves them without the Worker.
 * These routes are for a runtime that asks the Worker first, as `npm start` does.
 */
export const referenceRoutes = createRouter();

for (const path of ['/docs', '/openapi.json', '/reference/*']) {
  referenceRoutes.get(path, async (c: AppContext) => {
    const asset = await c.env.ASSETS.fetch(c.req.raw);
    // A copy: the headers of what was fetched cannot be changed.
    return new Response(asset.body, asset);
  });
}
