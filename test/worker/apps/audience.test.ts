import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { forget } from '../../../src/directory/changes.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { loadAudience } from '../../../src/notifications/load-audience.ts';
import { ALL_SCOPES, enrollManager } from '../../support/worker/apps.ts';
import { installedApp } from '../../support/worker/installed-app.ts';
import { enrollAgent, TestOrganization, unique } from '../../support/worker/organization.ts';
import { testEnv } from '../../support/worker/requests.ts';

it('the audience does not depend on the order of the organizations, because a thread stores each changed audience', async () => {
  const managers = [await enrollManager(), await enrollManager(), await enrollManager()];
  for (const manager of managers) await installedApp(manager, ['/orgs/{organization_id}/owned_chats']);
  const ids = managers.map(({ organization_id }) => organization_id);
  const audienceOf = (organization_ids: string[]) =>
    loadAudience(testEnv, noCost(), { organization_ids, room_ids: [], database: 'DB' });
  const audience = await audienceOf(ids);
  expect(audience.installations).toHaveLength(3);
  expect(JSON.stringify(await audienceOf([...ids].reverse()))).toBe(JSON.stringify(audience));
});

it('a thread stores no audience above the platform’s limit of a row, although the local platform accepts it', async () => {
  const org = await TestOrganization.open();
  const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
  const path = '/orgs/{organization_id}/owned_chats/018f0000-0000-7000-8000-0000000000ee/reply_suggestions';
  const { appId, webhookIds } = await installedApp(manager, [path]);
  await env.DB.prepare(
    `WITH RECURSIVE more (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < 8000)
     INSERT INTO app_webhooks (id, app_id, endpoint_url, channel_pattern, on_added, on_changed, on_removed, is_enabled,
       registered_origin, created_at, updated_at)
     SELECT substr(id, 1, 24) || printf('%012d', number), app_id, endpoint_url, channel_pattern, 1, 0, 0, 1,
       registered_origin, created_at, updated_at
     FROM app_webhooks, more WHERE id = ?`,
  )
    .bind(webhookIds[0])
    .run();
  forget({ kind: 'app', app_id: appId });
  const { chatId } = await org.say(unique('thread'), 'hello');
  const thread = env.THREADS.getByName(threadNameOfChat(chatId) ?? '');
  const [row] = await runInDurableObject(thread, (_, { storage }) =>
    storage.sql.exec<{ length: number }>('SELECT length(audience) AS length FROM thread').toArray(),
  );
  expect(row?.length).toBeGreaterThan(0);
  expect(row?.length).toBeLessThan(2_000_000);
});
