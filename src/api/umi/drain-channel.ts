import { drainLanes } from '../../delivery/wake-lanes.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { deliveryLogCopy } from '../copy-database.ts';

/**
 * After the answer, lets the channel's pending webhooks end as skipped before their due times. A failure is only logged: each
 * lane meets the change by itself when its next row is due.
 */
export function drainChannel(c: AppContext, organizationId: string, channelId: string): void {
  const draining = async () =>
    drainLanes(await deliveryLogCopy(c), c.env.WEBHOOKS, organizationId, channelReceiver(channelId), null);
  const logged = draining().catch((error: unknown) => {
    writeLog('warn', 'channel.drain_failed', { channel_id: channelId, error: errorText(error) });
  });
  c.executionCtx.waitUntil(logged);
}
