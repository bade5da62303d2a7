import type { Cost } from './cost.ts';

/** What a query needs of an organization: the database that holds its rows. */
export type DatabaseOwner = { database: string };

/**
 * A D1 database whose calls are counted. The counts appear in `Server-Timing` and in the benchmarks. `all`, `first` and
 * `run` are one trip; `batch` is one trip and one transaction, however many statements it has.
 */
export type Database = {
  all<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]>;
  first<Row>(sql: string, ...parameters: unknown[]): Promise<Row | null>;
  run(sql: string, ...parameters: unknown[]): Promise<{ changes: number }>;
  /** Statements as `[sql, ...parameters]`. Answers the rows of each. */
  batch(statements: readonly Statement[]): Promise<Record<string, unknown>[][]>;
};

export type Statement = readonly [sql: string, ...parameters: unknown[]];

/**
 * A statement that goes with each statement that writes, behind it in the same transaction. `wasWritten` is called when it
 * has answered a row.
 */
export type Companion = { statement: () => Statement; wasWritten: () => void };

/** Name of the binding of the first database, which holds the identities. */
export const IDENTITY_BINDING = 'DB';
/** Name of the binding of the delivery log, which all organizations share. */
const DELIVERY_LOG = 'DELIVERY_LOG';

/**
 * All databases have the same tables, and each uses its part. A query of a table that belongs to another database
 * fails nowhere: it finds nothing. So each has a type of its own, and a query names the one that it needs.
 */
declare const holdsIdentities: unique symbol;
declare const holdsOrganizations: unique symbol;
declare const holdsDeliveries: unique symbol;
/** The first database, `DB`: organizations, users, tokens, teams, apps. See docs/storage.md. */
export type IdentityDatabase = Database & { readonly [holdsIdentities]: true };
/** The database of an organization: rooms, routers, channels, visitors and the copy of its chats. */
export type OrganizationDatabase = Database & { readonly [holdsOrganizations]: true };
/** The delivery log of all organizations: `deliveries` and `lanes`. */
export type DeliveryLog = Database & { readonly [holdsDeliveries]: true };

/** The first database, which holds the identities of all organizations. */
export function openIdentityDatabase(env: Env, cost: Cost, companion?: Companion): IdentityDatabase {
  return countedDatabase(env.DB, cost, companion) as IdentityDatabase;
}

/** The database of an organization, which its column `database` names. docs/deploying.md says how one is added. */
export function openOrganizationDatabase(
  env: Env,
  { database }: DatabaseOwner,
  cost: Cost,
  companion?: Companion,
): OrganizationDatabase {
  const binding = (env as unknown as Record<string, unknown>)[database];
  if (!isDatabase(binding)) throw new Error(`no D1 binding named ${database}`);
  return countedDatabase(binding, cost, companion) as OrganizationDatabase;
}

/**
 * The delivery log. It has a database of its own, because it grows fastest and the others hold identities and chats.
 */
export function deliveryLog(env: Env, cost: Cost): DeliveryLog {
  return countedDatabase(env.DELIVERY_LOG, cost) as DeliveryLog;
}

/**
 * Every database with rows of organizations, by the name of its binding. For sweeps, which belong to no organization.
 */
export function databasesOf(env: Env, cost: Cost): Map<string, OrganizationDatabase> {
  return new Map(
    Object.entries(env as unknown as Record<string, unknown>).flatMap(([name, binding]) =>
      name !== DELIVERY_LOG && isDatabase(binding)
        ? [[name, countedDatabase(binding, cost) as OrganizationDatabase]]
        : [],
    ),
  );
}

/** A service binding has every property, as remote methods. Unlike a database it also has `fetch`. */
function isDatabase(binding: unknown): binding is D1Database {
  if (typeof binding !== 'object' || binding === null || 'fetch' in binding) return false;
  return 'prepare' in binding && 'batch' in binding;
}

/** A statement that writes. Queries that write begin with one of these words. */
const WRITES = /^\s*(INSERT|UPDATE|DELETE)\b/i;

function countedDatabase(d1: D1Database, cost: Cost, companion?: Companion): Database {
  async function batch(statements: readonly Statement[]): Promise<D1Result<Record<string, unknown>>[]> {
    if (companion === undefined) return await send(statements);
    const results = await send(
      statements.flatMap((each) => (WRITES.test(each[0]) ? [each, companion.statement()] : [each])),
    );
    return statements.map(([sql]) => {
      const [result] = results.splice(0, 1);
      if (result === undefined) throw new Error('D1 answered fewer results than statements');
      if (WRITES.test(sql) && results.splice(0, 1)[0]?.results.length === 1) companion.wasWritten();
      return result;
    });
  }
  async function send(statements: readonly Statement[]): Promise<D1Result<Record<string, unknown>>[]> {
    const prepared = statements.map(([sql, ...parameters]) => d1.prepare(sql).bind(...parameters));
    const started = performance.now();
    cost.d1.trips += 1;
    const results = await d1.batch<Record<string, unknown>>(prepared);
    cost.d1.milliseconds += performance.now() - started;
    for (const result of results) {
      cost.d1.rowsRead += result.meta.rows_read;
      cost.d1.rowsWritten += result.meta.rows_written;
    }
    return results;
  }
  async function one(sql: string, parameters: unknown[]): Promise<D1Result<Record<string, unknown>>> {
    if (companion !== undefined && WRITES.test(sql)) {
      const [result] = await batch([[sql, ...parameters]]);
      if (result === undefined) throw new Error('D1 answered no result');
      return result;
    }
    const started = performance.now();
    cost.d1.trips += 1;
    const result = await d1
      .prepare(sql)
      .bind(...parameters)
      .run<Record<string, unknown>>();
    cost.d1.milliseconds += performance.now() - started;
    cost.d1.rowsRead += result.meta.rows_read;
    cost.d1.rowsWritten += result.meta.rows_written;
    return result;
  }
  return {
    async all<Row>(sql: string, ...parameters: unknown[]) {
      return (await one(sql, parameters)).results as Row[];
    },
    async first<Row>(sql: string, ...parameters: unknown[]) {
      return ((await one(sql, parameters)).results[0] ?? null) as Row | null;
    },
    async run(sql: string, ...parameters: unknown[]) {
      return { changes: (await one(sql, parameters)).meta.changes };
    },
    async batch(statements: readonly Statement[]) {
      return (await batch(statements)).map((result) => result.results);
    },
  };
}

/**
 * Whether the migration `name` or a later one was applied, from the table in which wrangler records them. Rejects when
 * the database does not answer.
 */
export async function hasMigration(database: Database, name: string): Promise<boolean> {
  return (await database.first('SELECT 1 FROM d1_migrations WHERE name >= ? LIMIT 1', name)) !== null;
}

/** The jurisdiction of the first deployment (empty: none), if it is not `present`. Null when it is, or is not recorded. */
export async function otherJurisdiction(database: IdentityDatabase, present: string): Promise<string | null> {
  const sql = 'SELECT jurisdiction FROM deployment WHERE jurisdiction <> ?';
  return (await database.first<{ jurisdiction: string }>(sql, present))?.jurisdiction ?? null;
}
