import { attemptCall, attemptDeps } from '../../delivery/attempt.ts';
import { INSTALLATION_TIMES } from '../../delivery/attempt-times.ts';
import { signTriggerData } from '../../directory/app-tokens.ts';
import type { UninstallTrigger } from '../../directory/installations.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { withParameters } from './trigger-url.ts';

/**
 * After the answer, tells an app that it was uninstalled: one GET to its trigger URL, without a token, whose answer may be any 2xx.
 * It is not repeated; a failure is logged. `userId`: who uninstalled it; null for the operator.
 */
export function callUninstallTrigger(c: AppContext, trigger: UninstallTrigger, userId: string | null): void {
  c.executionCtx.waitUntil(call(c.env, trigger, userId));
}

async function call(env: Env, trigger: UninstallTrigger, userId: string | null): Promise<void> {
  const { id: installation_id, app_id } = trigger;
  try {
    const destination = {
      url: await urlOf(trigger, userId),
      own_origins: [env.PUBLIC_ORIGIN, trigger.registered_origin],
    };
    const { is_delivered, attempt } = await attemptCall(attemptDeps(env, INSTALLATION_TIMES), destination);
    const { status, error } = attempt;
    if (!is_delivered) writeLog('warn', 'app.uninstall_trigger_failed', { app_id, installation_id, status, error });
  } catch (error) {
    writeLog('warn', 'app.uninstall_trigger_failed', { app_id, installation_id, error: errorText(error) });
  }
}

async function urlOf({ id, organization_id, app_id, app_user_id, ...app }: UninstallTrigger, userId: string | null) {
  const data = {
    org_id: organization_id,
    user_id: userId,
    app_id,
    inst_id: id,
    app_user_id,
    app_user_code: null,
    visitor_id: null,
    chat_id: null,
    room_id: null,
    domain_host: null,
  };
  const signed = await signTriggerData(app.secret, data, Date.now());
  return withParameters(app.trigger_url, new URLSearchParams({ type: 'uninstall', data: signed }));
}
