import { env } from 'cloudflare:workers';
import { forget } from '../../../src/directory/changes.ts';
import { enrollManager } from './apps.ts';
import { installedApp } from './installed-app.ts';
import { type Channel, newChannel } from './threads.ts';

/**
 * A channel of an organization with this many apps, each with this many webhooks for messages. The API no longer allows
 * an app two webhooks with one pattern.
 */
export async function channelWithApps(apps: number, webhooks: number): Promise<Channel> {
  const manager = await enrollManager();
  for (let app = 0; app < apps; app++) {
    const { appId, webhookIds } = await installedApp(manager, ['/orgs/{organization_id}/owned_chats/*/messages']);
    await env.DB.prepare(
      `WITH RECURSIVE more (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < ?)
       INSERT INTO app_webhooks (id, app_id, endpoint_url, channel_pattern, on_added, on_changed, on_removed, is_enabled,
         registered_origin, created_at, updated_at)
       SELECT substr(id, 1, 24) || printf('%012d', number), app_id, endpoint_url, channel_pattern, 1, 0, 0, 1,
         registered_origin, created_at, updated_at
       FROM app_webhooks, more WHERE id = ? AND number < ?`,
    )
      .bind(webhooks, webhookIds[0], webhooks)
      .run();
    forget({ kind: 'app', app_id: appId });
  }
  const channel = newChannel();
  const { organization_id } = manager;
  return { ...channel, organizationId: organization_id, room: { ...channel.room, organization_id } };
}
