import type { IdentityDatabase, OrganizationDatabase, Statement } from '../db/database.ts';
import type { QuotaName } from '../resources/quotas.ts';

/** Most rows that are counted for the operator. */
const MOST_COUNTED = 100_000;

const UNDELETED = 'deleted_at IS NULL';

/** Where a quota's rows are found: an index of undeleted rows by their owner. */
const COUNTED = {
  channels: { index: 'channels INDEXED BY channels_by_created_at', owner: 'organization_id', where: UNDELETED },
  apps: { index: 'apps INDEXED BY apps_by_created_at', owner: 'organization_id', where: UNDELETED },
  webhooks: { index: 'app_webhooks INDEXED BY app_webhooks_by_created_at', owner: 'app_id', where: UNDELETED },
  rooms: { index: 'rooms INDEXED BY rooms_undeleted', owner: 'organization_id', where: UNDELETED },
  teams: { index: 'teams INDEXED BY teams_by_created_at', owner: 'organization_id', where: UNDELETED },
  users: { index: 'users INDEXED BY users_undeleted_by_created_at', owner: 'organization_id', where: UNDELETED },
  routers: { index: 'routers INDEXED BY routers_by_organization', owner: 'organization_id', where: 'TRUE' },
} as const;

/** A quota whose rows are counted when one is added. */
export type CountedQuota = { name: keyof typeof COUNTED; limit: number };

/** Counts rows of an owner, which is the query's parameter, up to `most`. */
function countSql(name: keyof typeof COUNTED, most: number): string {
  const { index, owner, where } = COUNTED[name];
  return `SELECT count(*) AS used FROM (
    SELECT 1 FROM ${index} WHERE ${owner} = ? AND ${where} LIMIT ${Math.trunc(most)})`;
}

/** The condition of an INSERT … SELECT that keeps the quota; its one parameter is the owner. */
export function isBelow({ name, limit }: CountedQuota): string {
  return `(${countSql(name, limit)}) < ${Math.trunc(limit)}`;
}

/** `refused`: the statement has inserted nothing for another reason than the quota. */
export type Inserted<Row> = { ok: true; row: Row } | { ok: false; reason: 'quota' | 'refused' };

/**
 * Runs an INSERT with the condition `isBelow(quota)`. Count and insert are one transaction, so any number of requests
 * at once stays within the quota. `before` and `after`: what else belongs to the transaction.
 */
export async function insertBelow<Row>(
  database: IdentityDatabase | OrganizationDatabase,
  quota: CountedQuota,
  owner: string,
  insert: Statement,
  { before = [], after = [] }: { before?: readonly Statement[]; after?: readonly Statement[] } = {},
): Promise<Inserted<Row>> {
  const [counted = [], ...results] = await database.batch([
    [countSql(quota.name, quota.limit), owner],
    ...before,
    insert,
    ...after,
  ]);
  const [row] = (results[before.length] ?? []) as Row[];
  if (row !== undefined) return { ok: true, row };
  return { ok: false, reason: Number(counted[0]?.['used']) >= quota.limit ? 'quota' : 'refused' };
}

/** What an organization has of each quota that counts rows of its own; of webhooks the most that an app has. */
export async function readUsage(
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  organizationId: string,
): Promise<Omit<{ [Name in QuotaName]: number }, 'visitor_variables' | 'stored_bytes'>> {
  const used = (rows: Record<string, unknown>[] | undefined) => Number(rows?.[0]?.['used'] ?? 0);
  const [apps, teams, users, webhooks] = await identity.batch([
    [countSql('apps', MOST_COUNTED), organizationId],
    [countSql('teams', MOST_COUNTED), organizationId],
    [countSql('users', MOST_COUNTED), organizationId],
    [
      `SELECT coalesce(max(used), 0) AS used FROM (
         SELECT (SELECT count(*) FROM app_webhooks WHERE app_webhooks.app_id = apps.id AND app_webhooks.deleted_at IS NULL) AS used
         FROM apps INDEXED BY apps_by_created_at
         WHERE apps.organization_id = ? AND apps.deleted_at IS NULL LIMIT ${MOST_COUNTED})`,
      organizationId,
    ],
  ]);
  const [channels, rooms, routers] = await database.batch([
    [countSql('channels', MOST_COUNTED), organizationId],
    [countSql('rooms', MOST_COUNTED), organizationId],
    [countSql('routers', MOST_COUNTED), organizationId],
  ]);
  return {
    channels: used(channels),
    apps: used(apps),
    webhooks: used(webhooks),
    rooms: used(rooms),
    teams: used(teams),
    users: used(users),
    routers: used(routers),
  };
}
