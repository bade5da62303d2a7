import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { hasTable } from '../../../src/platform/sqlite.ts';
import { bodyOf } from '../../../src/thread/webhooks/delivery-bodies.ts';
import { createApp, type Installation, install, newWebhook, orgOf } from './apps.ts';
import { ask, type Json } from './organization.ts';
import type { Person } from './requests.ts';

/** A webhook that a thread has accepted for an installation. */
export type Accepted = {
  webhook_id: string;
  receiver: string;
  seq: number;
  ordinal: number;
  body: { channel: string; action: string; resource_id: string; resource: Json; seq: number; prev_seq: number | null };
};

/** The webhooks that the thread of a chat has accepted for an installation, in the order of the lane. */
export async function acceptedFor(chatId: string, installation: { id: string }): Promise<Accepted[]> {
  const name = threadNameOfChat(chatId);
  if (name === null) throw new Error('no chat of ours');
  const stub = env.THREADS.getByName(name);
  const rows = await runInDurableObject(stub, (_instance, state) => {
    if (!hasTable(state.storage.sql, 'lanes')) return [];
    return state.storage.sql
      .exec<{ webhook_id: string; receiver: string; seq: number; ordinal: number; body: string; content: number }>(
        `SELECT webhook_id, receiver, seq, ordinal, body, content FROM deliveries WHERE receiver = ?
         ORDER BY seq, ordinal`,
        `installation/${installation.id}`,
      )
      .toArray()
      .map(({ content, ...row }) => ({ ...row, body: bodyOf(state.storage.sql, { ...row, content }) }));
  });
  return rows.map((row) => ({ ...row, body: JSON.parse(row.body) as Accepted['body'] }));
}

/** The channel below /api/v5 and the action of each. */
export function briefly(accepted: readonly Accepted[]): string[] {
  return accepted.map(({ body }) => `${body.action} ${body.channel.replace('/api/v5', '')}`);
}

/** An app with webhooks for these channel patterns (below /api/v5) and all actions, installed by its owner. */
export async function installedApp(
  manager: Person,
  patterns: readonly string[],
  more: Json = {},
): Promise<{ appId: string; installation: Installation; webhookIds: string[] }> {
  const app = await createApp(manager, more);
  const webhookIds: string[] = [];
  for (const pattern of patterns) webhookIds.push(await addWebhook(manager, app.id, pattern));
  return { appId: app.id, installation: await install(manager, app.id), webhookIds };
}

/** Adds a webhook to an app, with all actions unless `more` says otherwise. */
export async function addWebhook(manager: Person, appId: string, pattern: string, more: Json = {}): Promise<string> {
  const every = { on_added: true, on_changed: true, on_removed: true };
  const body = newWebhook({ channel_pattern: `/api/v5${pattern}`, ...every, ...more });
  const answer = await ask(manager, 'POST', `${orgOf(manager)}/apps/${appId}/webhooks`, body);
  if (answer.status !== 201) throw new Error(`the webhook was refused: ${answer.text}`);
  return String(answer.json['id']);
}
