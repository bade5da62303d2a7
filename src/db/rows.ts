/**
 * The rows of D1's tables as queries answer them; `migrations/` defines the columns. Times are ms since 1970 (UTC).
 * Flags are 0 or 1.
 */

export type Flag = 0 | 1;

/** A boolean as SQLite stores it. Null and undefined stay as they are. */
export function flag(value: boolean): Flag;
export function flag<Absent extends null | undefined>(value: boolean | Absent): Flag | Absent;
export function flag(value: boolean | null | undefined): Flag | null | undefined {
  return typeof value === 'boolean' ? (value ? 1 : 0) : value;
}

declare const isStoredSecret: unique symbol;
/** A secret as D1 has it. Only src/directory/stored-secrets.ts makes and reads it. No string, so that nobody signs with it. */
export type StoredSecret = { readonly [isStoredSecret]: true };

export type OrganizationRow = {
  id: string;
  name: string;
  /** Name of the D1 binding that holds this organization's rows. */
  database: string;
  has_active_subscription: Flag;
  private_chats: Flag;
  private_chat_history: Flag;
  /** SPKI, PEM. Chats that start are encrypted with it; null: they are not encrypted. */
  encryption_public_key: string | null;
  /** Whether users may change their own names. */
  is_renaming_allowed: Flag;
  /** How many days back its list of messages goes; null: no limit. */
  message_list_days: number | null;
  /** JSON object of the quotas that the operator has set (src/resources/quotas.ts). */
  quotas: string;
  /** The bytes of rows that its threads have sent to D1 on a day (days since 1970, UTC). */
  stored_day: number;
  stored_bytes: number;
  /** How many days after its end a chat is purged of its messages; null: never. */
  chat_retention_days: number | null;
  /** How many days after its last chat ended a visitor's thread that no user has answered goes; null: never. */
  unanswered_retention_days: number | null;
  /** By which a telephone system names it; null: by nothing. */
  domain: string | null;
  /** JSON object: email, phone, street, postal_code, city, country, business_id. A missing value is null. */
  profile: string;
  created_at: number;
  updated_at: number;
};

export type UserRow = {
  id: string;
  organization_id: string;
  first_name: string;
  last_name: string;
  alias: string | null;
  avatar_id: string | null;
  avatar_url: string | null;
  email: string | null;
  /** The email, or an empty text: the key of lists by email. */
  email_order: string;
  /** The extension and the direct number of a telephone system; unique among the organization's undeleted users. */
  extension: string | null;
  did: string | null;
  is_bot: Flag;
  is_staff: Flag;
  /** JSON object: title, phone, gender, birthday. A missing value is null. */
  profile: string;
  /** JSON object: chat_capacity, ui_language_code. A missing value has its default. */
  preferences: string;
  is_online_enabled: Flag;
  /** Until when they are present, copied from their object. Null, or a past time: absent. */
  present_until: number | null;
  current_chat_count: number;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

export type TokenRow = {
  /** Lower-case hex SHA-256 of the token. */
  digest: string;
  id: string;
  organization_id: string;
  user_id: string;
  label: string;
  /** JSON array of strings. */
  scopes: string;
  expires_at: number | null;
  revoked_at: number | null;
  /** Of a lasting token of an app's bot user; null for a user's own. */
  installation_id: string | null;
  /** The version of the app's secret with which it was made. */
  secret_version: number | null;
  /** Of a session: the latest time (ms) to which `expires_at` may move. Null for every other token. */
  session_until: number | null;
  /** Of a session that was begun with a token: that token, with which it ends. */
  parent_token_id: string | null;
  created_at: number;
};

export type RoomRow = {
  id: string;
  organization_id: string;
  name: string;
  display_name: string;
  language_code: string;
  /** Seconds without a message after which a `visitor` chat ends; null: never. */
  visitor_chat_idle_ttl: number | null;
  /** Seconds after which a `task` chat ends; null: never. */
  task_chat_ttl: number | null;
  /** Whether visitors may start chats only while the room is online. */
  require_online: Flag;
  /** Whether visitors may choose these types for chats that they start. */
  is_task_allowed: Flag;
  is_external_allowed: Flag;
  /** How many days after the end of an encrypted chat the hub forgets its key; null: never. */
  chat_key_ttl_days: number | null;
  is_open: Flag;
  /** JSON: ServiceHours. Null: `is_open` alone counts. */
  service_hours: string | null;
  domain: string | null;
  updated_by_user_id: string | null;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

export type TeamRow = {
  id: string;
  organization_id: string;
  name: string;
  display_name: string;
  created_by_user_id: string | null;
  updated_by_user_id: string | null;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

export type RouterRow = { id: string; organization_id: string; name: string; created_at: number; updated_at: number };

export type RouterTargetKind = 'all' | 'user' | 'team' | 'organization';

export type RouterTargetRow = {
  router_id: string;
  position: number;
  kind: RouterTargetKind;
  /** Null for kind all. */
  target_id: string | null;
  /** Of kinds all and organization: whether their bots are meant too. */
  include_bots: Flag;
};

export type AllowedTagRow = { room_id: string; name: string; created_at: number };

/** A rule of a room. Its id is unique in the room. */
export type AutosuggestionRow = {
  id: string;
  organization_id: string;
  room_id: string;
  url_pattern: string;
  seconds: number;
  language_code: string | null;
  user_id: string;
  created_at: number;
  updated_at: number;
};

export type ConversationStarterRow = {
  user_id: string;
  language_code: string;
  organization_id: string;
  message: string;
  created_at: number;
  updated_at: number;
};

export type ChannelRow = {
  id: string;
  organization_id: string;
  room_id: string;
  name: string;
  messaging_channel: string;
  reply_webhook_url: string;
  max_retry_count: number;
  echo_user_messages: Flag;
  is_webhook_enabled: Flag;
  /** Whether its webhooks tell of purges. */
  notify_purges: Flag;
  secret: StoredSecret;
  previous_secret: StoredSecret | null;
  previous_secret_expires_at: number | null;
  /** Origin through which the channel was registered. Its webhooks may not go there. */
  registered_origin: string;
  /** `umi`: registered by a program. Of the others an organization has one each (src/resources/interface.ts). */
  kind: 'umi' | 'rpc' | 'threads';
  /** What the webhooks of an interface carry so that the receiver knows the hub. */
  webhook_key: StoredSecret | null;
  /** JSON of a Responder; null: none. Of the threads API only. */
  responder: string | null;
  /** The key of the responder's service. */
  responder_key: StoredSecret | null;
  deleted_at: number | null;
  created_at: number;
  modified_at: number;
};

export type InterfaceKeyRow = {
  /** Lower-case hex SHA-256 of the key. */
  digest: string;
  id: string;
  organization_id: string;
  kind: 'rpc' | 'threads';
  label: string;
  revoked_at: number | null;
  created_at: number;
};

export type VisitorRow = {
  id: string;
  organization_id: string;
  room_id: string;
  /** JSON of VisitorDetails (src/resources/room-visitor.ts). A missing value is null. */
  details: string;
  visit_count: number;
  /** In seconds, as last requested. */
  presence_expires_in: number;
  /** Until when they are present in this room. Null, or a past time: absent. */
  present_until: number | null;
  /** Whether they have neither chat nor variable yet. */
  is_passing: Flag;
  /** When they left, or lost their thread, in ms; null while they have a chat, and while `present_until` is set. */
  left_at: number | null;
  created_at: number;
};

/** What a tenant or the operator has asked to purge: a visitor, a channel's thread, or the messages of a chat. */
export type PurgeRow = {
  /** UUID version 7. */
  id: string;
  organization_id: string;
  kind: 'visitor' | 'thread' | 'chat';
  visitor_id: string | null;
  room_id: string | null;
  /** The name of the thread's object, for a thread or a chat. */
  thread: string | null;
  chat_id: string | null;
  /** Only messages from before this time (ms); null: all. */
  before: number | null;
  /** Null for the operator. */
  requested_by_user_id: string | null;
  created_at: number;
  /** Null while the purge runs. */
  finished_at: number | null;
};

export type VisitorVariableRow = {
  visitor_id: string;
  key: string;
  value: string | null;
  created_at: number;
  at: number;
  thread: string;
  seq: number;
};

/** The sums of a lane: the webhooks that it accepted, and their outcomes. Columns of `lanes`. */
export const LANE_SUMS = [
  'accepted',
  'delivered',
  'pending',
  'exhausted',
  'skipped_disabled',
  'skipped_channel_deleted',
  'skipped_webhook_deleted',
  'skipped_uninstalled',
  'skipped_purged',
] as const;
export type LaneSums = { [Sum in (typeof LANE_SUMS)[number]]: number };

/** A canned reply. `owner_id`: of the user, team or organization whose it is. Times in ms. */
export type CannedReplyRow = {
  id: string;
  organization_id: string;
  visibility: 'user' | 'team' | 'organization';
  owner_id: string;
  shortcut: string;
  message: string;
  updated_by_user_id: string;
  created_at: number;
  updated_at: number;
};

export type DeliveryStatus = 'pending' | 'delivered' | 'exhausted' | 'skipped';
export type SkipReason = 'disabled' | 'channel_deleted' | 'webhook_deleted' | 'uninstalled' | 'purged';

export type DeliveryRow = {
  receiver: string;
  /** UUID version 7, also the `webhook-id` header. */
  id: string;
  version: number;
  organization_id: string;
  thread: string;
  thread_id: string | null;
  chat_id: string;
  seq: number;
  /** For an app's webhook: its action. */
  event_type: string;
  /** For an app's webhook: the subscription, the path of the collection and the id of what has changed. */
  webhook_id: string | null;
  channel: string | null;
  resource_id: string | null;
  status: DeliveryStatus;
  skip_reason: SkipReason | null;
  is_replay: Flag;
  attempt_count: number;
  due_at: number;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
};

export type AppRow = {
  id: string;
  /** The owner. */
  organization_id: string;
  name: string;
  description: string;
  terms_url: string;
  privacy_url: string;
  icon_asset_id: string | null;
  icon_url: string | null;
  trigger_url: string | null;
  /** JSON array of AppTrigger (src/resources/app.ts). */
  trigger_types: string;
  is_app_user_required: Flag;
  /** JSON array of scopes. */
  required_scopes: string;
  is_available_to_anyone: Flag;
  secret: StoredSecret;
  /** Origin through which the app was registered. Its trigger URL may not be there. */
  registered_origin: string;
  installation_count: number;
  /** Grows with each new secret. */
  secret_version: number;
  /** Grows when a webhook is added or widened. */
  webhooks_version: number;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

export type AppWebhookRow = {
  id: string;
  app_id: string;
  /** As it was entered, with its query. */
  endpoint_url: string;
  channel_pattern: string;
  on_added: Flag;
  on_changed: Flag;
  on_removed: Flag;
  is_enabled: Flag;
  registered_origin: string;
  /** The app's `webhooks_version` when it was added or widened last. */
  version: number;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

export type AppInstallationRow = {
  id: string;
  app_id: string;
  /** The organization that has installed the app. */
  organization_id: string;
  /** The bot user of the installation. */
  app_user_id: string | null;
  /** JSON array of scopes. */
  allowed_scopes: string;
  /** The app's `webhooks_version` to which the organization has consented. */
  consented_version: number;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};
