import { z } from '@hono/zod-openapi';

const textOrNull = z.string().nullable();
const pixelsOrNull = z.int().nullable().openapi({ description: 'Pixels.' });
/** Fields that the hub cannot know (src/resources/room-visitor.ts). */
const unknown = z.null();

/** A visitor of a room as the organization sees them. */
export const roomVisitorSchema = z
  .object({
    id: z.string(),
    room_id: z.string().openapi({ format: 'uuid' }),
    is_present: z.boolean(),
    session_id: unknown,
    explicit_priority: unknown,
    implicit_priority: unknown,
    visit_count: z.int().min(0),
    device_type: unknown,
    device_screen_width: pixelsOrNull,
    device_screen_height: pixelsOrNull,
    browser_name: unknown,
    browser_version: unknown,
    browser_language: unknown,
    preferred_language_code: unknown,
    os_name: unknown,
    os_version: unknown,
    user_agent: textOrNull,
    ip_address: textOrNull,
    ip_organization: unknown,
    geo_city: textOrNull,
    geo_country_code: textOrNull,
    geo_country: textOrNull,
    referrer_url: textOrNull,
    referrer_hostname: unknown,
    referrer_medium: unknown,
    referrer_source: unknown,
    original_referrer_url: unknown,
    original_referrer_hostname: unknown,
    original_referrer_medium: unknown,
    original_referrer_source: unknown,
    latest_page_url: textOrNull,
    latest_page_canonical_url: unknown,
    latest_page_title: textOrNull,
    shopping_cart_currency: unknown,
    shopping_cart_total_value: unknown,
    shopping_cart_total_subscription_value: unknown,
    shopping_cart_locked_at: unknown,
  })
  .openapi('RoomVisitor');
