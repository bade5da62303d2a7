import { allowsInsecureLoopback } from '../../delivery/attempt.ts';
import { guardWebhookUrl } from '../../delivery/url-guard.ts';
import type { AppContext } from '../../http/app-environment.ts';

/** The origin through which this request reached the hub. */
export function requestOrigin(c: AppContext): string {
  return new URL(c.req.url).origin;
}

/**
 * Why a channel may not have this URL, as a message for the field; null when it may. The hub's own origins are the configured
 * one, this request's, and the one through which the channel was registered.
 */
export function refusalOfUrl(c: AppContext, url: string, registeredOrigin: string | null): string | null {
  const guarded = guardWebhookUrl(url, {
    allowInsecureLoopback: allowsInsecureLoopback(c.env),
    ownOrigins: [c.env.PUBLIC_ORIGIN, requestOrigin(c), registeredOrigin ?? ''],
  });
  return guarded.ok ? null : `The URL ${guarded.reason}.`;
}
