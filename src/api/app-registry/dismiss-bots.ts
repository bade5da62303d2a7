import { inParallel } from '../../delivery/in-parallel.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { purgeUser } from '../../http/authenticate.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { askUser } from '../../rpc/user.ts';
import { purgeReach } from '../reach-cache.ts';

const AT_A_TIME = 10;
/** A request may make 1,000 calls to objects and databases; the clients of further bots expire by themselves. */
const AT_MOST = 800;

/**
 * Ends the presence of bot users whom D1 has as deleted already. One whose object cannot be reached stays present in their chats until their
 * clients expire, and acts no more.
 */
export async function dismissBots(c: AppContext, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  purgeReach();
  for (const userId of userIds) purgeUser(userId);
  await inParallel(userIds.slice(0, AT_MOST), AT_A_TIME, async (userId) => {
    try {
      await askUser(c.env, c.var.cost, userId, (stub) => stub.deleteClients({ v: 1 }));
    } catch (error) {
      writeLog('error', 'bot_presence_not_ended', { user_id: userId, error: errorText(error) });
    }
  });
}
