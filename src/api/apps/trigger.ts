import { z } from '@hono/zod-openapi';
import { attemptCall, attemptDeps } from '../../delivery/attempt.ts';
import { INSTALLATION_TIMES } from '../../delivery/attempt-times.ts';
import { appUserCode, signTriggerData, triggerToken } from '../../directory/app-tokens.ts';
import { findInstalledSecret } from '../../directory/app-user-codes.ts';
import { findInstallation, installationView, type UninstallTrigger } from '../../directory/installations.ts';
import { numbersOf } from '../../directory/numbers.ts';
import { cachedHubKeys } from '../../directory/signing-keys.ts';
import { openAppSecret } from '../../directory/stored-secrets.ts';
import { threadNameOfChat } from '../../domain/address.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { publicOrigin } from '../../http/collection.ts';
import { uuidField, webUrlField } from '../../http/fields.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { APP_TRIGGERS, type AppTrigger } from '../../resources/app.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import type { ChatGrant } from '../../resources/chat-grant.ts';
import { queryThread } from '../../rpc/thread.ts';
import { organizationUserThemselves } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { reachedRoom, userReach } from '../reach-cache.ts';
import { INSTALLATION_NOT_FOUND, installationPath } from './door.ts';

/** Triggers that belong to the installation itself. */
const SETTINGS_TRIGGERS: ReadonlySet<AppTrigger> = new Set(['install', 'uninstall', 'setup']);

const getTrigger = defineRoute({
  operationId: 'getAppTrigger',
  method: 'get',
  path: '/orgs/{organization_id}/app_installations/{installation_id}/trigger',
  tag: 'Apps',
  summary: 'Get the URL with which a console opens an app',
  description:
    'The triggers install, uninstall and setup need the scope settings. `data` and `token` in the URL are valid for ten minutes; the code of an app with a bot user for 30 seconds. The app gets the scopes that its installation and the caller’s token both have. The credentials of an app cannot open apps.',
  access: organizationUserThemselves,
  request: {
    params: installationPath,
    query: z.object({
      type: z.enum(APP_TRIGGERS),
      chat_id: uuidField().optional().openapi({ description: 'A chat of the caller or one that is routed to them.' }),
      redirect_uri: webUrlField({ max: 2048 })
        .optional()
        .openapi({ description: 'Where the app leads when an install is done; without it, to this service.' }),
    }),
  },
  answers: { 200: jsonOf(z.object({ url: z.string() }).openapi('AppTriggerUrl'), 'The URL') },
});

export const triggerRoutes = createRouter();

triggerRoutes.openapi(getTrigger, async (c) => {
  const { organization_id, installation_id } = c.req.valid('param');
  const { type, chat_id, redirect_uri } = c.req.valid('query');
  const { user, scopes, token_id: opener_token_id } = c.var.principal;
  if (SETTINGS_TRIGGERS.has(type) && !scopes.has('settings')) {
    return refuse(c, { reason: 'scope_missing', scope: 'settings' });
  }
  const identity = identityDatabase(c);
  const row = await findInstallation(identity, organization_id, installation_id);
  const signer = row === null ? null : await findInstalledSecret(identity, organization_id, installation_id);
  if (row === null || signer === null) return refuse(c, INSTALLATION_NOT_FOUND);
  const { app, app_user, allowed_scopes } = installationView(row);
  if (app.trigger_url === null || !app.trigger_types.includes(type)) {
    return refuseField(c, 'type', 'The app is not opened by this trigger.');
  }
  const chat = chat_id === undefined ? null : await findChat(c, chat_id);
  if (chat_id !== undefined && chat === null) return refuseField(c, 'chat_id', 'Chat not found.');

  const now = Date.now();
  const { signing } = await cachedHubKeys(c.env, c.var.cost);
  const hub = hostOfHub(c);
  // Existing apps exchange the code at whatever trigger they get, except at that of an installation that ends.
  const hasCode = type !== 'uninstall' && app_user !== null;
  const [_org_id, _user_id] = await numbersOf(identity, organization_id, user.id);
  const data = await signTriggerData(
    await openAppSecret(c.env, signer),
    {
      sub: hub,
      org_id: organization_id,
      user_id: user.id,
      app_id: app.id,
      inst_id: installation_id,
      app_user_id: app_user?.id ?? null,
      app_user_code: hasCode ? await appUserCode(signing, { app_id: app.id, installation_id }, now) : null,
      visitor_id: chat?.visitor_id ?? null,
      chat_id: chat?.id ?? null,
      room_id: chat?.room?.id ?? null,
      domain_host: chat?.room ? ((await reachedRoom(c, chat.room.id))?.domain ?? null) : null,
      _org_id,
      _user_id,
    },
    now,
  );
  const parameters = new URLSearchParams({ type, data });
  if (type !== 'uninstall') {
    const perms = allowed_scopes.filter((scope) => scopes.has(scope));
    const trigger = { organization_id, user_id: user.id, app_id: app.id, installation_id, opener_token_id };
    parameters.set('token', await triggerToken(signing, { ...trigger, perms, hub }, now));
  }
  if (type === 'install') parameters.set('redirect_uri', redirect_uri ?? `${publicOrigin(c)}/`);
  c.header('Cache-Control', 'no-store');
  return c.json({ url: withParameters(app.trigger_url, parameters) }, 200);
});

/** The host under which clients reach the hub, with its port. */
function hostOfHub(c: AppContext): string {
  return new URL(publicOrigin(c)).host;
}

/** A chat of the caller, or one that is routed to them. Null when it is neither. */
async function findChat(c: AppContext, chatId: string): Promise<ChatFacts | null> {
  const thread = threadNameOfChat(chatId);
  if (thread === null) return null;
  const asMember: ChatGrant = { kind: 'member', user_id: c.var.principal.user.id };
  const asReached = async (): Promise<ChatGrant> => ({ kind: 'reach', reach: await userReach(c), is_pending: false });
  for (const grantOf of [async () => asMember, asReached]) {
    const query = { v: 1, type: 'read_chat', chat_id: chatId, grant: await grantOf() } as const;
    const result = await queryThread(c.env, c.var.cost, thread, query);
    if (result.ok) return result.answer.chat;
  }
  return null;
}

/**
 * After the answer, informs an app that it was uninstalled: one GET to its trigger URL, without a token. Any status but
 * a 2xx is a failure. A failure is logged and not repeated. `userId`: the user who uninstalled the app; null for the
 * operator.
 */
export function callUninstallTrigger(c: AppContext, trigger: UninstallTrigger, userId: string | null): void {
  c.executionCtx.waitUntil(sendUninstall(c, trigger, userId));
}

async function sendUninstall(c: AppContext, trigger: UninstallTrigger, userId: string | null): Promise<void> {
  const { env } = c;
  const { id: installation_id, app_id } = trigger;
  try {
    const destination = {
      url: await uninstallUrl(c, trigger, userId),
      own_origins: [env.PUBLIC_ORIGIN, trigger.registered_origin],
    };
    const { is_delivered, attempt } = await attemptCall(attemptDeps(env, INSTALLATION_TIMES), destination);
    const { status, error } = attempt;
    if (!is_delivered) writeLog('warn', 'app.uninstall_trigger_failed', { app_id, installation_id, status, error });
  } catch (error) {
    writeLog('warn', 'app.uninstall_trigger_failed', { app_id, installation_id, error: errorText(error) });
  }
}

async function uninstallUrl(
  c: AppContext,
  { id, organization_id, app_id, app_user_id, ...app }: UninstallTrigger,
  userId: string | null,
) {
  const [_org_id, _user_id] = await numbersOf(identityDatabase(c), organization_id, userId);
  const data = {
    sub: hostOfHub(c),
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
    _org_id,
    _user_id,
  };
  const secret = await openAppSecret(c.env, { id: app_id, secret: app.secret });
  const signed = await signTriggerData(secret, data, Date.now());
  return withParameters(app.trigger_url, new URLSearchParams({ type: 'uninstall', data: signed }));
}

/** A trigger URL with added parameters. Its own query stays. */
function withParameters(text: string, parameters: URLSearchParams): string {
  const url = new URL(text);
  const own = url.search.slice(1);
  url.search = own === '' ? `${parameters}` : `${own}&${parameters}`;
  return url.href;
}
