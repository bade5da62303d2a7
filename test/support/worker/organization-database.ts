import { env } from 'cloudflare:workers';
import type { Cost } from '../../../src/db/cost.ts';
import { type OrganizationDatabase, openOrganizationDatabase } from '../../../src/db/database.ts';

/** The tables that are in an organization's database. The others are in `DB`, or in the delivery log. */
export const ORGANIZATION_TABLES: readonly string[] = [
  'allowed_tags',
  'autosuggestions',
  'channels',
  'chats',
  'drafts',
  'ended_shares',
  'files',
  'invitations',
  'involvements',
  'members',
  'mentions',
  'messages',
  'notes',
  'purges',
  'rebuilds',
  'purged_visitors',
  'room_routers',
  'room_shares',
  'rooms',
  'router_targets',
  'routers',
  'tags',
  'threads',
  'visitor_variables',
  'visitors',
];

/** The tables of which each database has its own part. */
export const TABLES_OF_BOTH: readonly string[] = ['keyed_requests', 'audit_log', 'share_offers'];

const bindings = env as unknown as Record<string, unknown>;

/**
 * The binding of the database in which tests make their organizations: `DB`, and `DB_2` in the project `second-database`.
 */
export const ORGANIZATION_BINDING = String(bindings['ORGANIZATION_DATABASE'] ?? 'DB');

/** The database in which tests make their organizations. */
export const organizationD1 = bindings[ORGANIZATION_BINDING] as D1Database;

export function organizationDatabase(cost: Cost): OrganizationDatabase {
  return openOrganizationDatabase(env as unknown as Env, { database: ORGANIZATION_BINDING }, cost);
}

/** The database with a table of the hub. */
export function d1With(table: string): D1Database {
  return ORGANIZATION_TABLES.includes(table) ? organizationD1 : env.DB;
}

/** The hub's tables in a database, without those of D1 and of the migrations. */
export async function tablesIn(d1: D1Database): Promise<string[]> {
  const { results } = await d1
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
    )
    .all<{ name: string }>();
  return results.map(({ name }) => name).filter((name) => name !== 'd1_migrations');
}

/**
 * When organizations have a database of their own, drops from both databases what belongs into the other. A query of
 * the wrong one then fails, while in a deployment it would find nothing.
 */
export async function separateDatabases(): Promise<void> {
  if (organizationD1 === env.DB) return;
  for (const d1 of [env.DB, organizationD1]) {
    const foreign = (await tablesIn(d1)).filter((table) => d1With(table) !== d1 && !TABLES_OF_BOTH.includes(table));
    await d1.batch(foreign.map((table) => d1.prepare(`DROP TABLE ${table}`)));
  }
}
