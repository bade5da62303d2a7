import type { IdentityDatabase, OrganizationDatabase, Statement } from '../db/database.ts';
import { deleteInPortions } from '../db/delete-in-portions.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { AuditEntry } from '../resources/audit-entry.ts';
import { firstUuidAt } from '../resources/uuid.ts';

/** Entries are kept for 400 days (ms). */
export const KEEP_AUDIT_LOG = 400 * 24 * 3_600_000;
/** Most entries that one run deletes from a database. */
const ENTRIES_IN_A_RUN = 50_000;

export type { AuditEntry };

/** The actor id of the operator of the hub. */
export const OPERATOR = 'operator';

/** The databases with entries: each has those of its changes. */
export type AuditedDatabase = IdentityDatabase | OrganizationDatabase;

const COLUMNS = [
  'id',
  'organization_id',
  'actor_type',
  'actor_id',
  'token_id',
  'app_id',
  'action',
  'target_type',
  'target_id',
  'details',
  'status',
  'address',
  'request_id',
] as const satisfies readonly (keyof AuditEntry)[];

const INSERT = `INSERT INTO audit_log (${COLUMNS.join(', ')}) SELECT ${COLUMNS.map(() => '?').join(', ')}`;

const valuesOf = (entry: AuditEntry) => COLUMNS.map((column) => entry[column]);

/**
 * Adds an entry if the statement before it in the same batch has changed a row. Answers a row if it did. An entry that
 * is there already stays.
 */
export function auditOfChange(entry: AuditEntry): Statement {
  return [`${INSERT} WHERE changes() > 0 ON CONFLICT DO NOTHING RETURNING id`, ...valuesOf(entry)];
}

/** Adds the entry of a token that the batch has made: it names the organization and the user of the token. */
export function auditOfNewToken(entry: AuditEntry, tokenId: string): Statement {
  const columns = { organization_id: 'tokens.organization_id', actor_id: 'tokens.user_id' };
  return selecting(entry, columns, 'FROM tokens WHERE tokens.id = ?', tokenId);
}

/**
 * Adds an entry for each other organization whose installation the deletion of an app is about to end, in the same batch
 * before it. They see who ended it, and not from where or by which token.
 */
export function auditOfEndingInstallations(
  entry: AuditEntry,
  { organizationId, appId }: { organizationId: string; appId: string },
): Statement {
  const shown = {
    ...entry,
    // The time of a UUID version 7; the rest is made for each row.
    id: entry.id.slice(0, 24),
    token_id: null,
    app_id: null,
    target_type: 'installation',
    details: JSON.stringify({ app_id: appId, app_organization_id: organizationId }),
    address: null,
  };
  const columns = {
    id: '? || lower(hex(randomblob(6)))',
    organization_id: 'installations.organization_id',
    target_id: 'installations.id',
  };
  return selecting(
    shown,
    columns,
    `FROM apps JOIN app_installations AS installations ON installations.app_id = apps.id
     WHERE apps.id = ? AND apps.organization_id = ? AND apps.deleted_at IS NULL AND installations.deleted_at IS NULL
       AND installations.organization_id <> apps.organization_id`,
    appId,
    organizationId,
  );
}

/** Adds an entry if a FROM clause finds a row, of which there is one at most. */
export function auditOfRow(entry: AuditEntry, from: string, ...parameters: unknown[]): Statement {
  return selecting(entry, {}, from, ...parameters);
}

/** Adds entries like this one for rows. `columns`: expressions in place of its values. */
function selecting(
  entry: AuditEntry,
  columns: { readonly [name in keyof AuditEntry]?: string },
  from: string,
  ...parameters: unknown[]
): Statement {
  const expressions = COLUMNS.map((name) => columns[name] ?? '?');
  const values = COLUMNS.filter((_, place) => expressions[place]?.includes('?')).map((name) => entry[name]);
  return [
    `INSERT INTO audit_log (${COLUMNS.join(', ')}) SELECT ${expressions.join(', ')} ${from}`,
    ...values,
    ...parameters,
  ];
}

/** Adds an entry. */
export async function insertAuditEntry(database: AuditedDatabase, entry: AuditEntry): Promise<void> {
  await database.run(INSERT, ...valuesOf(entry));
}

/** Which entries: at most one of actor, action and target, each of which has an index. Times are ms. */
export type AuditFilter = {
  /** Null: of all organizations, and of none. Then there is no further filter. */
  organization_id: string | null;
  by: { column: 'actor_id' | 'action' | 'target_id'; value: string } | null;
  /** Later than this time, and earlier. */
  after: number | null;
  before: number | null;
};

/** The order of the audit log: the newest entry first. */
export const AUDIT_ORDER = { columns: ['id'], descending: true } as const;

/**
 * A page of the audit log, merged from the databases: a change in an organization's rooms is in its own database, one of
 * its users in the first. Each reads an index, and no more rows than the page has.
 */
export async function listAuditEntries(
  databases: readonly AuditedDatabase[],
  { organization_id, by, after, before }: AuditFilter,
  keyset: Keyset,
): Promise<AuditEntry[]> {
  const { where, orderBy, parameters } = keysetClauses(AUDIT_ORDER, keyset);
  const conditions: [sql: string, ...parameters: unknown[]][] = [[where, ...parameters]];
  if (organization_id !== null) conditions.push(['organization_id = ?', organization_id]);
  if (by !== null) conditions.push([`${by.column} = ?`, by.value]);
  if (after !== null) conditions.push(['id >= ?', firstUuidAt(after + 1)]);
  if (before !== null) conditions.push(['id < ?', firstUuidAt(before)]);
  const sql = `SELECT * FROM audit_log WHERE ${conditions.map(([text]) => text).join(' AND ')} ORDER BY ${orderBy}`;
  const values = conditions.flatMap(([, ...rest]) => rest);
  const pages = await Promise.all(databases.map((database) => database.all<AuditEntry>(sql, ...values)));
  const sign = keyset.direction === 'previous' ? 1 : -1;
  const merged = pages.flat().sort((left, right) => (left.id < right.id ? -sign : sign));
  return merged.slice(0, keyset.limit);
}

/** Deletes entries that are older than KEEP_AUDIT_LOG. `now` in ms. Answers how many are deleted. */
export function deleteOldAuditEntries(database: AuditedDatabase, now: number): Promise<number> {
  const before = firstUuidAt(now - KEEP_AUDIT_LOG);
  const sql = 'DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < ? ORDER BY id LIMIT ?)';
  return deleteInPortions((limit) => database.run(sql, before, limit), ENTRIES_IN_A_RUN);
}
