import { z } from '@hono/zod-openapi';
import { type Database, databasesOf, hasMigration, otherJurisdiction } from '../../db/database.ts';
import { tryHubKeys } from '../../directory/signing-keys.ts';
import { secretsProblem } from '../../directory/stored-secrets.ts';
import { deliveryDatabase, identityDatabase } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { createRouter } from '../../http/router.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { publicAccess } from '../access.ts';
import { defineRoute } from '../define-route.ts';

/**
 * The last file of `migrations/`; a test checks it. A database without this migration lacks tables or columns that this
 * version reads.
 */
export const NEWEST_MIGRATION = '0041_mentions.sql';

const checkHealth = defineRoute({
  operationId: 'checkHealth',
  method: 'get',
  path: '/healthz',
  tag: 'Service',
  access: publicAccess,
  summary: 'Check health',
  description:
    'For monitors: it needs no token. 200 when the databases answer and have all tables of this version, and the secret SECRETS_KEY is the one that has wrapped the keys of the hub, and its JURISDICTION is that of the first deployment; else 503; the log says what is missing.',
  answers: {
    200: {
      description: 'The service works',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }).openapi('Health') } },
    },
  },
});

/** `GET /healthz`. */
export const healthRoutes = createRouter();

healthRoutes.openapi(checkHealth, async (c) => {
  const lacking = await secretsProblem(c.env);
  if (lacking !== null) {
    writeLog('error', 'unhealthy', { error: lacking });
    return refuse(c, { reason: 'unavailable' });
  }
  const databases = [...databasesOf(c.env, c.var.cost), ['DELIVERY_LOG', deliveryDatabase(c)] as const];
  for (const [binding, database] of databases) {
    const problem = await problemOf(database);
    if (problem === null) continue;
    writeLog('error', 'unhealthy', { database: binding, error: problem });
    return refuse(c, { reason: 'unavailable' });
  }
  try {
    const jurisdiction = await otherJurisdiction(identityDatabase(c), c.env.JURISDICTION ?? '');
    if (jurisdiction !== null) throw new Error(`the threads are in the jurisdiction "${jurisdiction}"`);
    await tryHubKeys(c.env, identityDatabase(c));
  } catch (error) {
    writeLog('error', 'unhealthy', { error: errorText(error) });
    return refuse(c, { reason: 'unavailable' });
  }
  return c.json({ status: 'ok' as const }, 200);
});

/** Why a database cannot serve this version; null when it can. */
async function problemOf(database: Database): Promise<string | null> {
  try {
    return (await hasMigration(database, NEWEST_MIGRATION)) ? null : `the migration ${NEWEST_MIGRATION} is not applied`;
  } catch (error) {
    return errorText(error);
  }
}
