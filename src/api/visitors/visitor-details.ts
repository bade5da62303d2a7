import type { z } from '@hono/zod-openapi';
import type { DetailChanges } from '../../directory/room-visitors.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { integerField, textField } from '../../http/fields.ts';
import { cutText } from '../../resources/characters.ts';

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'android-app:', 'ios-app:']);

/** A URL that a console may show as a link. Script URLs are refused. */
export const pageUrl = textField({ max: 2000 })
  .refine((text) => URL.canParse(text) && SCHEMES.has(new URL(text).protocol), 'Enter a valid URL.')
  .openapi({ format: 'uri' });
const address = pageUrl.nullish();
const pixels = integerField({ min: 1, max: 100_000 }).nullish();

/** The details that a visitor's client may send with their presence. */
export const detailFields = {
  latest_page_url: address,
  latest_page_title: textField({ max: 1000, blank: true }).nullish(),
  referrer_url: address,
  device_screen_width: pixels,
  device_screen_height: pixels,
};

/**
 * The details that the client sent, and those of the request itself: the browser's name, the IP address and the
 * location.
 */
export function detailsOf(c: AppContext, said: z.output<z.ZodObject<typeof detailFields>>): DetailChanges {
  const { latest_page_url, latest_page_title, referrer_url, device_screen_width, device_screen_height } = said;
  const userAgent = c.req.header('User-Agent');
  const { city, country } = (c.req.raw as Request<unknown, IncomingRequestCfProperties>).cf ?? {};
  return {
    latest_page_url,
    latest_page_title,
    referrer_url,
    device_screen_width,
    device_screen_height,
    user_agent: userAgent === undefined ? undefined : cutText(userAgent, 1000),
    ip_address: c.req.header('CF-Connecting-IP'),
    geo_city: city,
    geo_country_code: country,
    geo_country: country === undefined ? undefined : countryName(country),
  };
}

/** The English name of a country. Null when the code names no country, such as `T1` for Tor. */
export function countryName(code: string): string | null {
  if (!/^[A-Z]{2}$/.test(code)) return null;
  const name = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' }).of(code);
  return name ?? null;
}
