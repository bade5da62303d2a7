import { isoTime, isoTimeOrNull } from './clock.ts';
import { nestedUser, type UserFacts } from './user.ts';
import type { NestedOrganization } from './user-account.ts';

/** The moments at which a console opens an app. */
export const APP_TRIGGERS = [
  'install',
  'uninstall',
  'setup',
  'manual_nav',
  'manual_dialog',
  'chat_start',
  'chat_end',
  'chat_open',
  'chat_close',
  'chat_focus',
  'console_load',
] as const;
export type AppTrigger = (typeof APP_TRIGGERS)[number];

/** An app without its secret. Times in ms. */
export type AppView = {
  id: string;
  organization: NestedOrganization;
  name: string;
  description: string;
  terms_url: string;
  privacy_url: string;
  icon: { id: string; url: string } | null;
  trigger_url: string | null;
  trigger_types: string[];
  is_app_user_required: boolean;
  required_scopes: string[];
  is_available_to_anyone: boolean;
  installation_count: number;
  /** Grows when a webhook is added or widened. */
  webhooks_version: number;
  created_at: number;
  updated_at: number;
};

/** An app as possible installers see it. Only its owner sees whether it is available to anyone. */
export function publicAppResource(app: AppView, viewerOrganizationId: string) {
  return {
    id: app.id,
    name: app.name,
    description: app.description,
    owned_by_organization_id: app.organization.id,
    owned_by_organization: app.organization,
    icon_asset_id: app.icon?.id ?? null,
    icon_asset: app.icon,
    is_app_user_required: app.is_app_user_required,
    required_scopes: app.required_scopes,
    installation_count: app.installation_count,
    webhooks_version: app.webhooks_version,
    ...(app.organization.id === viewerOrganizationId ? { is_available_to_anyone: app.is_available_to_anyone } : {}),
    created_at: isoTime(app.created_at),
    updated_at: isoTime(app.updated_at),
  };
}

/** An app as its owner sees it: with its configuration, without its secret. */
export function ownAppResource(app: AppView) {
  return {
    ...publicAppResource(app, app.organization.id),
    is_available_to_anyone: app.is_available_to_anyone,
    terms_url: app.terms_url,
    privacy_url: app.privacy_url,
    trigger_url: app.trigger_url,
    trigger_types: app.trigger_types,
  };
}

/** An app in an organization that has installed it. */
export type AppInstallationView = {
  id: string;
  app: AppView;
  organization: NestedOrganization;
  app_user: UserFacts | null;
  allowed_scopes: string[];
  /** Whether a webhook of the app waits for the organization's consent. */
  needs_consent: boolean;
  created_at: number;
  updated_at: number;
};

/** An installation as its organization sees it. */
export function installationResource(installation: AppInstallationView) {
  return {
    id: installation.id,
    app_id: installation.app.id,
    app: publicAppResource(installation.app, installation.organization.id),
    organization_id: installation.organization.id,
    organization: installation.organization,
    app_user_id: installation.app_user?.id ?? null,
    app_user: installation.app_user === null ? null : nestedUser(installation.app_user),
    allowed_scopes: installation.allowed_scopes,
    needs_consent: installation.needs_consent,
    created_at: isoTime(installation.created_at),
    updated_at: isoTime(installation.updated_at),
  };
}

/** A lasting token that an app has of an installation. Times in ms. */
type LastingTokenView = { id: string; user_id: string; expires_at: number | null; created_at: number };

/** A lasting token as the organization sees it that has installed the app: without what makes it work. */
export function installationTokenResource(
  installation: { id: string; app_id: string },
  { id, user_id, expires_at, created_at }: LastingTokenView,
) {
  return {
    id,
    app_id: installation.app_id,
    installation_id: installation.id,
    user_id,
    expires_at: isoTimeOrNull(expires_at),
    created_at: isoTime(created_at),
  };
}

/** A webhook as those see it who install the app: what it sends, and to which host. */
export function shownWebhookResource(
  webhook: Pick<AppWebhookFacts, 'channel_pattern' | 'endpoint_url' | 'on_added' | 'on_changed' | 'on_removed'>,
) {
  return {
    channel_pattern: webhook.channel_pattern,
    endpoint_host: new URL(webhook.endpoint_url).host,
    on_added: webhook.on_added === 1,
    on_changed: webhook.on_changed === 1,
    on_removed: webhook.on_removed === 1,
  };
}

/** The columns of a webhook subscription that its resource shows. Flags are 0 or 1, times ms. */
export type AppWebhookFacts = {
  id: string;
  app_id: string;
  endpoint_url: string;
  channel_pattern: string;
  on_added: 0 | 1;
  on_changed: 0 | 1;
  on_removed: 0 | 1;
  is_enabled: 0 | 1;
  created_at: number;
  updated_at: number;
};

/** A webhook subscription of an app: the endpoint and the changes to send. */
export function appWebhookResource(webhook: AppWebhookFacts) {
  return {
    id: webhook.id,
    app_id: webhook.app_id,
    endpoint_url: webhook.endpoint_url,
    channel_pattern: webhook.channel_pattern,
    on_added: webhook.on_added === 1,
    on_changed: webhook.on_changed === 1,
    on_removed: webhook.on_removed === 1,
    is_enabled: webhook.is_enabled === 1,
    created_at: isoTime(webhook.created_at),
    updated_at: isoTime(webhook.updated_at),
  };
}
