import { z } from '@hono/zod-openapi';
import { readAppUserCode } from '../../directory/app-tokens.ts';
import { exchangeCode, findAppSecret } from '../../directory/app-user-codes.ts';
import { hubKeysFor } from '../../directory/signing-keys.ts';
import { openAppSecret } from '../../directory/stored-secrets.ts';
import { newToken, tokenDigest } from '../../directory/tokens.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { auditEntry, nameTarget } from '../../http/audit.ts';
import { PUBLIC_BODY } from '../../http/body-limits.ts';
import { readBody } from '../../http/json-body.ts';
import { guesses, limitGuesses } from '../../http/rate-limits.ts';
import { refusalResponses } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isSameSecret } from '../../platform/secrets.ts';
import { isUuid, newUuid } from '../../resources/uuid.ts';

const PATH = '/token';
const OPERATION = 'exchangeAppUserCode';

const formSchema = z
  .object({
    grant_type: z.literal('authorization_code'),
    code: z.string().openapi({ description: 'The `app_user_code` of a trigger.' }),
    client_id: z.string().openapi({ description: 'Id of the app.' }),
    client_secret: z.string().openapi({ description: 'Secret of the app.' }),
  })
  .openapi('ExchangeAppUserCode');

const tokenSchema = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Token'),
    user_id: z.string(),
    organization_id: z.string(),
    app_id: z.string(),
  })
  .openapi('AppUserToken');

const errorSchema = z.object({ error: z.string(), error_description: z.string() }).openapi('OAuthError');

/** The errors of an exchange (RFC 6749, section 5.2). All of them are 400. */
const FAILURES = {
  invalid_request: 'grant_type, code, client_id and client_secret are required, as a form, each once.',
  unsupported_grant_type: 'The grant type must be authorization_code.',
  invalid_client: 'There is no app with this client_id and client_secret.',
  invalid_grant: 'The code is unknown, expired or used, or the app is not installed any more.',
} as const;

/** Tokens of apps, to be mounted at /identity. */
export const identityRoutes = createRouter();

identityRoutes.openAPIRegistry.registerPath({
  method: 'post',
  path: PATH,
  operationId: OPERATION,
  tags: ['Apps'],
  security: [],
  summary: 'Exchange the code of an installation for a lasting token of the app’s bot user',
  description:
    'A code works once, within 30 seconds. The token ends when it is not used for 90 days, with the app’s secret and with the installation. Every trigger of an app with a bot user has one, except `uninstall`.',
  request: { body: { required: true, content: { 'application/x-www-form-urlencoded': { schema: formSchema } } } },
  responses: {
    200: jsonOf(tokenSchema, 'The token'),
    400: jsonOf(errorSchema, 'Refused'),
    ...refusalResponses(429, 503),
  },
});

identityRoutes.post(PATH, limitGuesses, async (c) => {
  c.header('Cache-Control', 'no-store');
  const form = await readForm(c);
  const [grantType, code, appId, secret] = ['grant_type', 'code', 'client_id', 'client_secret'].map((name) =>
    onlyValue(form, name),
  );
  if (!grantType || !code || !appId || !secret) return fail(c, 'invalid_request');
  if (grantType !== 'authorization_code') return fail(c, 'unsupported_grant_type');
  const identity = identityDatabase(c);
  const app = isUuid(appId.toLowerCase()) ? await findAppSecret(identity, appId.toLowerCase()) : null;
  if (app === null || !isSameSecret(await openAppSecret(c.env, app), secret)) {
    await guesses.count(c);
    return fail(c, 'invalid_client');
  }
  const now = Date.now();
  const { signing } = await hubKeysFor(c.env, c.var.cost, code);
  const claims = await readAppUserCode(signing, code, now);
  if (claims === null || claims.app_id !== appId.toLowerCase()) return fail(c, 'invalid_grant');
  const token = newToken();
  const id = newUuid(now);
  c.set('operation', OPERATION);
  nameTarget(c, { type: 'token', id, details: { installation_id: claims.inst_id } });
  // The app acts as its bot user, whom the query knows.
  const acts = { actor_type: 'user', token_id: claims.inst_id, app_id: claims.app_id } as const;
  const owner = await exchangeCode(
    identity,
    {
      id: claims.jti,
      app_id: claims.app_id,
      installation_id: claims.inst_id,
      expires_at: claims.exp * 1000,
      secret_version: app.secret_version,
    },
    { digest: tokenDigest(token), id, label: `App ${claims.app_id}`, created_at: now },
    { ...auditEntry(c, null), ...acts },
  );
  if (owner === null) return fail(c, 'invalid_grant');
  return c.json({ access_token: token, token_type: 'Token' as const, ...owner, app_id: claims.app_id }, 200);
});

/** The form's fields. Empty when the form cannot be read or is too long. */
async function readForm(c: AppContext): Promise<URLSearchParams> {
  const read = await readBody(c.req.raw, PUBLIC_BODY);
  return new URLSearchParams(read.ok ? new TextDecoder().decode(read.bytes) : '');
}

function onlyValue(form: URLSearchParams, name: string): string | null {
  const [value, ...more] = form.getAll(name);
  return value === undefined || more.length > 0 ? null : value;
}

function fail(c: AppContext, error: keyof typeof FAILURES) {
  return c.json({ error, error_description: FAILURES[error] }, 400);
}
