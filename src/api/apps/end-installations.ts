import { inParallel } from '../../delivery/in-parallel.ts';
import { drainLanes } from '../../delivery/wake-lanes.ts';
import { type InstalledReceiver, listReceiversOfApp } from '../../directory/app-receivers.ts';
import type { EndedInstallation } from '../../directory/apps.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { installationReceiver } from '../../resources/receiver.ts';
import { askUser } from '../../rpc/user.ts';
import { deliveryLogCopy } from '../copy-database.ts';

const BOTS_AT_A_TIME = 10;
/** A request may make 1,000 calls to objects and databases; the clients of further bots expire by themselves. */
const MOST_BOTS = 800;
const DRAINS_AT_A_TIME = 6;
/** A request may make 1,000 calls; the lanes of further installations see the change when their next rows are due. */
const MOST_DRAINS = 100;

/**
 * Applies the end of an app's installations, which D1 has recorded already: the presence of the bot users ends. After the answer the pending webhooks end as skipped.
 */
export async function endInstallations(c: AppContext, ended: readonly EndedInstallation[]): Promise<void> {
  await endPresenceOfBots(
    c,
    ended.flatMap(({ app_user_id }) => app_user_id ?? []),
  );
  c.executionCtx.waitUntil(drain(c, async () => ended.slice(0, MOST_DRAINS), null));
}

/**
 * After the answer, ends the pending deliveries of a disabled or deleted webhook as skipped, before their due times. A
 * failure is only logged: each lane sees the change when its next row is due.
 */
export function drainWebhook(c: AppContext, organizationId: string, appId: string, webhookId: string): void {
  const find = () => listReceiversOfApp(identityDatabase(c), organizationId, appId, MOST_DRAINS);
  c.executionCtx.waitUntil(drain(c, find, webhookId));
}

/**
 * A bot user whose object cannot be reached stays present in their chats until their clients expire. They can no longer
 * act.
 */
async function endPresenceOfBots(c: AppContext, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  await inParallel(userIds.slice(0, MOST_BOTS), BOTS_AT_A_TIME, async (userId) => {
    try {
      await askUser(c.env, c.var.cost, userId, (stub) => stub.deleteClients({ v: 1 }));
    } catch (error) {
      writeLog('error', 'bot_presence_not_ended', { user_id: userId, error: errorText(error) });
    }
  });
}

async function drain(
  c: AppContext,
  find: () => Promise<readonly InstalledReceiver[]>,
  webhookId: string | null,
): Promise<void> {
  try {
    await inParallel(await find(), DRAINS_AT_A_TIME, (installation) => drainOne(c, installation, webhookId));
  } catch (error) {
    writeLog('warn', 'app.drain_failed', { webhook_id: webhookId, error: errorText(error) });
  }
}

async function drainOne(c: AppContext, installation: InstalledReceiver, webhookId: string | null): Promise<void> {
  const { id, organization_id } = installation;
  try {
    await drainLanes(await deliveryLogCopy(c), c.env.WEBHOOKS, organization_id, installationReceiver(id), webhookId);
  } catch (error) {
    writeLog('warn', 'app.drain_failed', { installation_id: id, webhook_id: webhookId, error: errorText(error) });
  }
}
