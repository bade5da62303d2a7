import { allowsInsecureLoopback } from '../../delivery/attempt.ts';
import { guardWebhookUrl } from '../../delivery/url-guard.ts';
import type { AppContext } from '../../http/app-environment.ts';

/** The origin through which this request reached the hub: kept with what it registers. */
export function registrationOrigin(c: AppContext): string {
  return new URL(c.req.url).origin;
}

/**
 * Why an app may not have this URL, as a message for the field; null when it may. The hub's own origins are the configured one, this
 * request's, and the one through which the app or webhook was registered.
 */
export function refusalOfAppUrl(c: AppContext, url: string, registeredOrigin: string | null): string | null {
  const guarded = guardWebhookUrl(url, {
    allowInsecureLoopback: allowsInsecureLoopback(c.env),
    ownOrigins: [c.env.PUBLIC_ORIGIN, registrationOrigin(c), registeredOrigin ?? ''],
  });
  return guarded.ok ? null : `The URL ${guarded.reason}.`;
}
