import { inParallel } from '../../delivery/in-parallel.ts';
import { drainLanes } from '../../delivery/wake-lanes.ts';
import { type InstalledReceiver, listReceiversOfApp } from '../../directory/app-receivers.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { installationReceiver } from '../../resources/receiver.ts';
import { deliveryLogCopy } from '../copy-database.ts';

const AT_A_TIME = 6;
/** A request may make 1,000 calls; the lanes of further installations meet the change when their next rows are due. */
const AT_MOST = 100;

/**
 * After the answer, lets what is pending of a webhook that was switched off or deleted end as skipped before its due time. A failure
 * is only logged: each lane meets the change by itself when its next row is due.
 */
export function drainWebhook(c: AppContext, organizationId: string, appId: string, webhookId: string): void {
  const find = () => listReceiversOfApp(identityDatabase(c), organizationId, appId, AT_MOST);
  c.executionCtx.waitUntil(drain(c, find, webhookId));
}

/** The same for all webhooks of installations that have just ended. */
export function drainInstallations(c: AppContext, ended: readonly InstalledReceiver[]): void {
  c.executionCtx.waitUntil(drain(c, async () => ended.slice(0, AT_MOST), null));
}

async function drain(c: AppContext, find: () => Promise<InstalledReceiver[]>, webhookId: string | null): Promise<void> {
  try {
    await inParallel(await find(), AT_A_TIME, (installation) => drainOne(c, installation, webhookId));
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
