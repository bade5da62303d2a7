/** The details of a visitor from their requests; null when unknown. Sizes in pixels. */
export type VisitorDetails = {
  latest_page_url: string | null;
  latest_page_title: string | null;
  referrer_url: string | null;
  device_screen_width: number | null;
  device_screen_height: number | null;
  user_agent: string | null;
  ip_address: string | null;
  geo_city: string | null;
  geo_country_code: string | null;
  geo_country: string | null;
};

/** A visitor in one of the rooms that they have visited. */
export type RoomVisitor = {
  id: string;
  room_id: string;
  is_present: boolean;
  visit_count: number;
  details: VisitorDetails;
};

/**
 * The room visitor as the organization sees them. The hub does not know priorities and shopping carts, and does not
 * parse the browser's name. Those fields are null.
 */
export function roomVisitorResource({ id, room_id, is_present, visit_count, details }: RoomVisitor) {
  return {
    id,
    room_id,
    is_present,
    session_id: null,
    explicit_priority: null,
    implicit_priority: null,
    visit_count,
    device_type: null,
    device_screen_width: details.device_screen_width,
    device_screen_height: details.device_screen_height,
    browser_name: null,
    browser_version: null,
    browser_language: null,
    preferred_language_code: null,
    os_name: null,
    os_version: null,
    user_agent: details.user_agent,
    ip_address: details.ip_address,
    ip_organization: null,
    geo_city: details.geo_city,
    geo_country_code: details.geo_country_code,
    geo_country: details.geo_country,
    referrer_url: details.referrer_url,
    referrer_hostname: null,
    referrer_medium: null,
    referrer_source: null,
    original_referrer_url: null,
    original_referrer_hostname: null,
    original_referrer_medium: null,
    original_referrer_source: null,
    latest_page_url: details.latest_page_url,
    latest_page_canonical_url: null,
    latest_page_title: details.latest_page_title,
    shopping_cart_currency: null,
    shopping_cart_total_value: null,
    shopping_cart_total_subscription_value: null,
    shopping_cart_locked_at: null,
  };
}
