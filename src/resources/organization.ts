import { isoTime } from './clock.ts';
import { type Quotas, quotaFields } from './quotas.ts';

/** The contact details of an organization. */
export type OrganizationProfile = {
  email: string | null;
  phone: string | null;
  street: string | null;
  postal_code: string | null;
  city: string | null;
  country: string | null;
  business_id: string | null;
};

/**
 * Whether any user of a group is present, whether any is online (present and willing to be shown), and whether any
 * online user is not a bot.
 */
export type Attendants = { is_present: boolean; is_online: boolean; is_humans_online: boolean };

/** An organization with the presence of its users. Times in ms. */
export type OrganizationView = Attendants & {
  id: string;
  name: string;
  /** Name of the D1 binding that holds the organization's rows. */
  database: string;
  /** How many days back its list of messages goes; null: no limit. */
  message_list_days: number | null;
  /** How many days after its end a chat is purged of its messages; null: never. */
  chat_retention_days: number | null;
  /** How many days after its last chat ended a visitor's thread that no user has answered goes; null: never. */
  unanswered_retention_days: number | null;
  /** Whether users may change their own names. */
  is_renaming_allowed: boolean;
  /** By which a telephone system names it. */
  domain: string | null;
  /** With which chats that start are encrypted (SPKI, PEM); null: they are not. */
  encryption_public_key: string | null;
  has_active_subscription: boolean;
  private_chats: boolean;
  private_chat_history: boolean;
  profile: OrganizationProfile;
  quotas: Quotas;
  created_at: number;
  updated_at: number;
};

/**
 * The organization object. `script_tag` and `max_rules_count` are always null. Extensions: `message_list_days`,
 * `chat_retention_days`, `unanswered_retention_days`, `is_renaming_allowed`, `domain`,
 * `encryption_public_key`.
 */
export function organizationResource(organization: OrganizationView) {
  return {
    id: organization.id,
    name: organization.name,
    ...organization.profile,
    script_tag: null,
    is_online: organization.is_online,
    is_humans_online: organization.is_humans_online,
    is_present: organization.is_present,
    max_rules_count: null,
    message_list_days: organization.message_list_days,
    chat_retention_days: organization.chat_retention_days,
    unanswered_retention_days: organization.unanswered_retention_days,
    is_renaming_allowed: organization.is_renaming_allowed,
    domain: organization.domain,
    encryption_public_key: organization.encryption_public_key,
    created_at: isoTime(organization.created_at),
    updated_at: isoTime(organization.updated_at),
  };
}

/** The organization for the operator of the hub, with its database and the options that only the operator sets. */
export function operatorOrganizationResource(organization: OrganizationView) {
  return {
    ...organizationResource(organization),
    database: organization.database,
    has_active_subscription: organization.has_active_subscription,
    private_chats: organization.private_chats,
    private_chat_history: organization.private_chat_history,
    ...quotaFields((name) => organization.quotas[name]),
  };
}
