/**
 * The collections of the admin API as the command line has them. `test/unit/scripts/admin-api.test.ts` compares them
 * with the API.
 */

import { SCOPES } from '../src/directory/tokens.ts';
import { APP_TRIGGERS } from '../src/resources/app.ts';
import { quotaFields } from '../src/resources/quotas.ts';

/** How the text of an option becomes the value of a field. */
export type FieldKind =
  | 'text'
  | 'nullable'
  | 'flag'
  | 'list'
  | 'scopes'
  | 'triggers'
  | 'number'
  | 'seconds'
  | 'days'
  | 'quota'
  | 'targets'
  | 'json';

export type Resource = {
  /** Path of the collection; the words in braces are options. */
  path: string;
  /** The option that names one item of the collection; null: the path is one item itself. */
  id: string | null;
  fields: { readonly [field: string]: FieldKind };
  /** The required fields of a creation. */
  required: readonly string[];
  verbs: readonly Verb[];
  /** What the table of options cannot express. */
  note?: string;
};

export type Verb = 'create' | 'list' | 'get' | 'update' | 'delete' | 'revoke' | 'add' | 'remove' | 'rotate-secret';

/** The fields that only a creation takes. */
export const FIXED_FIELDS: readonly string[] = ['id', 'database'];

/** The values that lists of these kinds may hold. */
export const CHOICES = { scopes: SCOPES, triggers: APP_TRIGGERS };

export const RESOURCES: { readonly [resource: string]: Resource } = {
  organizations: {
    path: '/organizations',
    id: 'organization',
    fields: {
      id: 'text',
      name: 'text',
      database: 'text',
      has_active_subscription: 'flag',
      private_chats: 'flag',
      private_chat_history: 'flag',
      message_list_days: 'days',
      chat_retention_days: 'days',
      unanswered_retention_days: 'days',
      is_renaming_allowed: 'flag',
      domain: 'nullable',
      encryption_public_key: 'nullable',
      ...quotaFields(() => 'quota' as const),
      street: 'nullable',
      postal_code: 'nullable',
      city: 'nullable',
      country: 'nullable',
      phone: 'nullable',
      email: 'nullable',
      business_id: 'nullable',
    },
    required: ['name'],
    verbs: ['create', 'list', 'get', 'update'],
    note: 'an empty quota is the default',
  },
  usage: {
    path: '/organizations/{organization}/usage',
    id: 'quota',
    fields: {},
    required: [],
    verbs: ['list'],
    note: 'what the organization uses of its quotas; list may be left out',
  },
  users: {
    path: '/organizations/{organization}/users',
    id: 'user',
    fields: {
      id: 'text',
      first_name: 'text',
      last_name: 'text',
      alias: 'nullable',
      avatar_url: 'nullable',
      email: 'nullable',
      is_bot: 'flag',
      is_staff: 'flag',
      title: 'nullable',
      phone: 'nullable',
      gender: 'nullable',
      birthday: 'nullable',
      is_online_enabled: 'flag',
      extension: 'nullable',
      did: 'nullable',
    },
    required: ['first_name'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  rooms: {
    path: '/organizations/{organization}/rooms',
    id: 'room',
    fields: {
      id: 'text',
      name: 'text',
      display_name: 'text',
      language_code: 'text',
      visitor_chat_idle_ttl: 'seconds',
      task_chat_ttl: 'seconds',
      require_online: 'flag',
      is_task_allowed: 'flag',
      is_external_allowed: 'flag',
      chat_key_ttl_days: 'days',
      is_open: 'flag',
      service_hours: 'json',
      domain: 'nullable',
    },
    required: ['name'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'allowed-tags': {
    path: '/organizations/{organization}/rooms/{room}/allowed_tags',
    id: 'name',
    fields: { name: 'text' },
    required: ['name'],
    verbs: ['create', 'list', 'delete'],
  },
  autosuggestions: {
    path: '/organizations/{organization}/rooms/{room}/autosuggestions',
    id: 'autosuggestion',
    fields: { url_pattern: 'text', seconds: 'number', language_code: 'nullable', user_id: 'text' },
    required: ['url_pattern', 'user_id'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'room-shares': {
    path: '/organizations/{organization}/rooms/{room}/shares',
    id: 'partner',
    fields: {},
    required: [],
    verbs: ['list', 'add', 'remove'],
  },
  'chat-members': {
    path: '/organizations/{organization}/chats/{chat}/memberships',
    id: 'member',
    fields: {},
    required: [],
    verbs: ['remove'],
  },
  routers: {
    path: '/organizations/{organization}/routers',
    id: 'router',
    fields: { id: 'text', name: 'text', targets: 'targets', room_ids: 'list' },
    required: ['name'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'router-reach': {
    path: '/organizations/{organization}/routers/reach',
    id: null,
    fields: { targets: 'targets', room_ids: 'list' },
    required: ['targets'],
    verbs: ['create'],
    note: 'saves nothing; counts whom targets would reach',
  },
  teams: {
    path: '/organizations/{organization}/teams',
    id: 'team',
    fields: { id: 'text', name: 'text', display_name: 'text' },
    required: ['name'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
  },
  'team-members': {
    path: '/organizations/{organization}/teams/{team}/members',
    id: 'user',
    fields: {},
    required: [],
    verbs: ['list', 'get', 'add', 'remove'],
  },
  'team-shares': {
    path: '/organizations/{organization}/teams/{team}/shares',
    id: 'partner',
    fields: {},
    required: [],
    verbs: ['list', 'add', 'remove'],
  },
  'visitor-secrets': {
    path: '/organizations/{organization}/visitor_secrets',
    id: 'visitor',
    fields: {},
    required: [],
    verbs: ['revoke'],
  },
  'signing-keys': {
    path: '/signing_keys',
    id: 'key',
    fields: { ends_previous: 'flag' },
    required: [],
    verbs: ['list', 'create'],
  },
  tokens: {
    path: '/organizations/{organization}/users/{user}/tokens',
    id: 'token',
    fields: { scopes: 'scopes', label: 'text', expires_at: 'nullable' },
    required: [],
    verbs: ['create', 'list', 'revoke'],
  },
  'sign-in-links': {
    path: '/organizations/{organization}/users/{user}/sign_in_links',
    id: 'link',
    fields: { scopes: 'scopes', invitation: 'flag' },
    required: [],
    verbs: ['create'],
    note: 'for the console; a link works once',
  },
  audit: {
    path: '/audit',
    id: 'entry',
    fields: {},
    required: [],
    verbs: ['list'],
    note: 'the newest entries; filters over HTTP',
  },
  apps: {
    path: '/organizations/{organization}/apps',
    id: 'app',
    fields: {
      name: 'text',
      description: 'text',
      terms_url: 'text',
      privacy_url: 'text',
      icon_url: 'nullable',
      trigger_url: 'nullable',
      trigger_types: 'triggers',
      is_app_user_required: 'flag',
      required_scopes: 'scopes',
      is_available_to_anyone: 'flag',
    },
    required: ['name', 'terms_url', 'privacy_url'],
    verbs: ['create', 'list', 'get', 'update', 'delete', 'rotate-secret'],
  },
  'app-webhooks': {
    path: '/organizations/{organization}/apps/{app}/webhooks',
    id: 'webhook',
    fields: {
      endpoint_url: 'text',
      channel_pattern: 'text',
      on_added: 'flag',
      on_changed: 'flag',
      on_removed: 'flag',
      is_enabled: 'flag',
    },
    required: ['endpoint_url', 'channel_pattern'],
    verbs: ['create', 'list', 'get', 'update', 'delete'],
    note: 'create needs --on-added, --on-changed or --on-removed to be true',
  },
  'app-installations': {
    path: '/organizations/{organization}/app_installations',
    id: 'installation',
    fields: { app_id: 'text', webhooks_version: 'number' },
    required: ['app_id'],
    verbs: ['create', 'list', 'get', 'delete'],
  },
  'installation-tokens': {
    path: '/organizations/{organization}/app_installations/{installation}/tokens',
    id: 'token',
    fields: {},
    required: [],
    verbs: ['list', 'revoke'],
  },
  rpc: {
    path: '/organizations/{organization}/rpc',
    id: null,
    fields: { webhook_url: 'nullable', webhook_key: 'text', room_id: 'text' },
    required: [],
    verbs: ['get', 'update'],
    note: 'the settings of JSON-RPC; an empty --webhook-url sends nothing',
  },
  'rpc-keys': {
    path: '/organizations/{organization}/rpc/keys',
    id: 'key',
    fields: { label: 'text' },
    required: [],
    verbs: ['create', 'list', 'revoke'],
  },
  threads: {
    path: '/organizations/{organization}/threads',
    id: null,
    fields: { webhook_url: 'nullable', webhook_key: 'text', room_id: 'text', responder: 'json' },
    required: [],
    verbs: ['get', 'update'],
    note: 'the settings of the threads API; an empty --responder is none',
  },
  'threads-keys': {
    path: '/organizations/{organization}/threads/keys',
    id: 'key',
    fields: { label: 'text' },
    required: [],
    verbs: ['create', 'list', 'revoke'],
  },
  purges: {
    path: '/organizations/{organization}/purges',
    id: 'purge',
    fields: {},
    required: [],
    verbs: ['list', 'get'],
    note: 'they show whether a purge is done',
  },
  'visitor-purges': {
    path: '/organizations/{organization}/rooms/{room}/visitors/{visitor}/purge',
    id: null,
    fields: {},
    required: [],
    verbs: ['create'],
    note: 'purges a visitor in all rooms; it cannot be undone (docs/privacy.md)',
  },
  'thread-purges': {
    path: '/organizations/{organization}/unified_messaging/{channel}/purge',
    id: null,
    fields: { thread_id: 'text' },
    required: ['thread_id'],
    verbs: ['create'],
    note: 'purges a thread of a channel, with its visitor; it cannot be undone',
  },
  'chat-purges': {
    path: '/organizations/{organization}/owned_chats/{chat}/purge',
    id: null,
    fields: { created_at_before: 'nullable' },
    required: [],
    verbs: ['create'],
    note: 'purges the messages of a chat, or those from before a time; it cannot be undone',
  },
};
