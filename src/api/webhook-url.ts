import { allowsInsecureLoopback } from '../delivery/attempt.ts';
import { guardWebhookUrl } from '../delivery/url-guard.ts';
import type { AppContext } from '../http/app-environment.ts';

/** The origin through which this request reached the hub. It is stored with the channel, app or webhook that the request registers. */
export function requestOrigin(c: AppContext): string {
  return new URL(c.req.url).origin;
}

/**
 * Why the hub refuses to call this URL, as a message for the field; null when it accepts it. The hub never calls its own origins:
 * PUBLIC_ORIGIN, the origin of this request, and `registeredOrigin`, through which the caller registered (null for a new one).
 */
export function refusalOfUrl(c: AppContext, url: string, registeredOrigin: string | null): string | null {
  const guarded = guardWebhookUrl(url, {
    allowInsecureLoopback: allowsInsecureLoopback(c.env),
    ownOrigins: [c.env.PUBLIC_ORIGIN, requestOrigin(c), registeredOrigin ?? ''],
  });
  return guarded.ok ? null : `The URL ${guarded.reason}.`;
}
