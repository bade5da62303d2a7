import type { Configuration } from './configuration.ts';
import { readCollection, requestHub } from './hub-request.ts';

const APP_NAME = 'Third-party chat';

type App = { id: string; name: string };
type AppWebhook = { id: string; channel_pattern: string };

/** The webhooks of the tutorial: each collection with its endpoint. */
const SUBSCRIPTIONS = [
  { channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats', path: '/giosg_webhooks/chats' },
  { channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages', path: '/giosg_webhooks/messages' },
];

/**
 * Makes the hub send its webhooks to this application: the app, its two webhooks, its installation. An existing app is kept, and the URLs of its webhooks are corrected. Answers the app's id. Throws as `requestHub`; the token's user needs the scope `settings`.
 */
export async function registerApp(configuration: Configuration): Promise<string> {
  const organization = `${configuration.hubUrl}/api/v5/orgs/${configuration.organizationId}`;
  const token = configuration.apiToken;

  const apps = await readCollection<App>(`${organization}/apps`, token);
  const app = apps.find(({ name }) => name === APP_NAME) ?? (await createApp(organization, configuration));
  const webhooksUrl = `${organization}/apps/${app.id}/webhooks`;
  const webhooks = await readCollection<AppWebhook>(webhooksUrl, token);
  for (const { channel_pattern, path } of SUBSCRIPTIONS) {
    const endpoint_url = `${configuration.appUrl}${path}?secret=${encodeURIComponent(configuration.webhookSecret)}`;
    const existing = webhooks.find((webhook) => webhook.channel_pattern === channel_pattern);
    const flags = { on_added: true, on_changed: true, on_removed: true, is_enabled: true };
    const body = { endpoint_url, channel_pattern, ...flags };
    if (existing === undefined) await requestHub({ method: 'POST', url: webhooksUrl, token, body });
    else await requestHub({ method: 'PATCH', url: `${webhooksUrl}/${existing.id}`, token, body });
  }
  await install(organization, token, app.id);
  return app.id;
}

function createApp(organization: string, { appUrl, apiToken }: Configuration): Promise<App> {
  const pages = { terms_url: `${appUrl}/chat`, privacy_url: `${appUrl}/chat` };
  const body = { name: APP_NAME, ...pages };
  return requestHub({ method: 'POST', url: `${organization}/apps`, token: apiToken, body });
}

async function install(organization: string, token: string, appId: string): Promise<void> {
  const installations = await readCollection<{ app_id: string }>(`${organization}/app_installations`, token);
  if (installations.some(({ app_id }) => app_id === appId)) return;
  await requestHub({ method: 'POST', url: `${organization}/app_installations`, token, body: { app_id: appId } });
}
