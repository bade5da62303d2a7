import { allowsInsecureLoopback } from '../delivery/attempt.ts';
import { guardWebhookUrl, MAX_WEBHOOK_URL_LENGTH } from '../delivery/url-guard.ts';
import type { AppContext } from '../http/app-environment.ts';
import { textField } from '../http/fields.ts';

/**
 * A URL that the hub will call, as it was parsed. A URL that only the hub calls has no fragment, which no request
 * carries. `refusalOfUrl` decides whether the hub may call it.
 */
export function calledUrlField({ fragment = false }: { fragment?: boolean } = {}) {
  return textField({ max: MAX_WEBHOOK_URL_LENGTH })
    .superRefine((text, context) => {
      // The parser drops line breaks and tabs: what is stored would not be what somebody has read and approved.
      if (/\p{Cc}/u.test(text)) context.addIssue('The URL must not contain control characters.');
      if (!fragment && text.includes('#')) context.addIssue('The URL must not have a fragment.');
    })
    .transform((text) => (URL.canParse(text) ? new URL(text).href : text))
    .openapi({ minLength: 1, maxLength: MAX_WEBHOOK_URL_LENGTH });
}

/**
 * The origin through which this request reached the hub. It is stored with the channel, app or webhook that the request
 * registers.
 */
export function requestOrigin(c: AppContext): string {
  return new URL(c.req.url).origin;
}

/**
 * Why the hub refuses to call this URL, as a message for the field; null when it accepts the URL. The hub never calls
 * its own origins: PUBLIC_ORIGIN, the origin of this request, and `registeredOrigin`, through which the receiver was
 * registered (null for a new one).
 */
export function refusalOfUrl(c: AppContext, url: string, registeredOrigin: string | null): string | null {
  const guarded = guardWebhookUrl(url, {
    allowInsecureLoopback: allowsInsecureLoopback(c.env),
    ownOrigins: [c.env.PUBLIC_ORIGIN, requestOrigin(c), registeredOrigin ?? ''],
  });
  return guarded.ok ? null : `The URL ${guarded.reason}.`;
}
