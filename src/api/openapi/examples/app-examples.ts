import {
  type AppView,
  appWebhookResource,
  installationResource,
  ownAppResource,
  publicAppResource,
  shownWebhookResource,
} from '../../../resources/app.ts';
import { isoTime } from '../../../resources/clock.ts';
import { chatExamples } from './chat-examples.ts';
import { deliveryParts, testResult } from './messaging-examples.ts';
import { bot, FOUNDED, ids, organization } from './shop.ts';

const SECRET = 'ZXhhbXBsZSBzZWNyZXQgb2YgYW4gYXBw';
const PATTERN = '/api/v5/orgs/{organization_id}/owned_chats/*/messages';
const CHANNEL = `/api/v5/orgs/${ids.organization}/owned_chats/${ids.chat}/messages`;

const newApp = {
  name: 'Order lookup',
  description: 'Shows the orders of the customer who writes.',
  terms_url: 'https://apps.example.com/terms',
  privacy_url: 'https://apps.example.com/privacy',
  icon_url: 'https://apps.example.com/icon.png',
  trigger_url: 'https://apps.example.com/open',
  trigger_types: ['install', 'chat_open'],
  is_app_user_required: true,
  required_scopes: ['reports'],
  is_available_to_anyone: false,
};

const { icon_url, ...kept } = newApp;

const app: AppView = {
  ...kept,
  id: ids.app,
  organization,
  icon: { id: ids.icon, url: icon_url },
  installation_count: 1,
  webhooks_version: 2,
  created_at: FOUNDED,
  updated_at: FOUNDED,
};

const newWebhook = {
  endpoint_url: 'https://apps.example.com/events',
  channel_pattern: PATTERN,
  on_added: true,
};

const installation = installationResource({
  id: ids.installation,
  app,
  organization,
  app_user: bot,
  allowed_scopes: ['reports'],
  needs_consent: false,
  created_at: FOUNDED,
  updated_at: FOUNDED,
});
const { app_id: _id, app: _app, app_user: _user, ...installationOfApp } = installation;
const shown = shownWebhookResource({ ...newWebhook, on_added: 1, on_changed: 0, on_removed: 0 });

const notification = {
  channel: CHANNEL,
  action: 'added',
  resource_id: ids.answer,
  resource: chatExamples.ChatMessage,
  app_user_auth: {
    access_token: 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMDFhMWZlMGUifQ.c2lnbmF0dXJl',
    token_type: 'Bearer',
    expires_in: 300,
    user_id: ids.bot,
    organization_id: ids.organization,
  },
  seq: 8,
  prev_seq: 5,
};
const { app_user_auth: _auth, ...signed } = notification;

const delivery = {
  id: ids.delivery,
  webhook_id: ids.webhook,
  channel: CHANNEL,
  action: 'added',
  resource_id: ids.answer,
  ...deliveryParts.state,
};
const attempt = { ...deliveryParts.attempt, url: newWebhook.endpoint_url };
const { response: _response, ...installedAttempt } = attempt;

/** By the names of components. */
export const appExamples = {
  PublicApp: publicAppResource(app, organization.id),
  PublicAppDetail: { ...publicAppResource(app, organization.id), webhooks: [shown] },
  ShownWebhook: shown,
  App: ownAppResource(app),
  NewApp: newApp,
  PatchApp: { description: newApp.description },
  CreatedApp: { ...ownAppResource(app), secret: SECRET },
  AppSecret: { secret: SECRET },
  AppWebhook: appWebhookResource({
    ...newWebhook,
    id: ids.webhook,
    app_id: ids.app,
    on_added: 1,
    on_changed: 0,
    on_removed: 0,
    is_enabled: 1,
    created_at: FOUNDED,
    updated_at: FOUNDED,
  }),
  NewAppWebhook: newWebhook,
  PatchAppWebhook: { is_enabled: false },
  AppWebhookTestResult: testResult,
  AppInstallation: installation,
  AppInstallationDetail: { ...installation, webhooks: [{ ...shown, needs_consent: false }] },
  InstalledWebhook: { ...shown, needs_consent: false },
  ConsentToWebhooks: { webhooks_version: 2 },
  NewAppInstallation: { app_id: ids.app, webhooks_version: 2 },
  InstallationToken: {
    id: ids.installationToken,
    app_id: ids.app,
    installation_id: ids.installation,
    user_id: ids.bot,
    expires_at: isoTime(FOUNDED + 90 * 24 * 3_600_000),
    created_at: isoTime(FOUNDED),
  },
  InstallationOfApp: installationOfApp,
  AppTriggerUrl: {
    url: `${newApp.trigger_url}?type=chat_open&data=eyJhbGciOiJIUzI1NiJ9.e30.ZGF0YQ&token=eyJhbGciOiJIUzI1NiJ9.e30.dG9rZW4`,
  },
  ExchangeAppUserCode: {
    grant_type: 'authorization_code',
    code: 'eyJhbGciOiJIUzI1NiJ9.e30.Y29kZQ',
    client_id: ids.app,
    client_secret: SECRET,
  },
  AppUserToken: {
    access_token: 'umi_ZXhhbXBsZSB0b2tlbiBvZiBhIGJvdCB1c2VyLi4u',
    token_type: 'Token',
    user_id: ids.bot,
    organization_id: ids.organization,
    app_id: ids.app,
  },
  OAuthError: {
    error: 'invalid_grant',
    error_description: 'The code is unknown, expired or used, or the app is not installed any more.',
  },
  AppDelivery: delivery,
  AppDeliveryAttempt: attempt,
  InstallationDeliveryAttempt: installedAttempt,
  InstallationDeliveryDetail: { ...delivery, attempts: [installedAttempt] },
  AppDeliveryDetail: { ...delivery, attempts: [attempt], body: JSON.stringify(signed), is_purged: false },
  AppLedger: {
    accepted: 3,
    delivered: 2,
    pending: 0,
    exhausted: 1,
    skipped: { disabled: 0, webhook_deleted: 0, uninstalled: 0, purged: 0 },
  },
  AppNotificationWebhook: notification,
};
