import { IDENTITY_BINDING, type IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { OrganizationRow } from '../db/rows.ts';
import type { OrganizationProfile, OrganizationView } from '../resources/organization.ts';
import { type QuotaName, quotasOf } from '../resources/quotas.ts';
import { assignments } from './assignments.ts';
import { type AttendanceColumns, attendanceColumns, attendantsOf } from './attendants.ts';
import { changing } from './changes.ts';

/** An organization; null when there is none. */
export function findOrganization(database: IdentityDatabase, organizationId: string): Promise<OrganizationRow | null> {
  return database.first<OrganizationRow>('SELECT * FROM organizations WHERE id = ?', organizationId);
}

/** Whether an organization exists. */
export async function organizationExists(database: IdentityDatabase, organizationId: string): Promise<boolean> {
  return (await database.first('SELECT 1 FROM organizations WHERE id = ?', organizationId)) !== null;
}

/** All organizations by their ids, for the operator of the hub. `now` (ms) decides which of their users are present. */
export async function listOrganizations(
  database: IdentityDatabase,
  now: number,
  keyset: Keyset,
): Promise<OrganizationView[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  const rows = await database.all<OrganizationRow & AttendanceColumns>(
    `SELECT organizations.*, ${attendanceColumns('organizations.id')} FROM organizations WHERE ${where} ORDER BY ${orderBy}`,
    now,
    ...parameters,
  );
  return rows.map(organizationView);
}

/** The names of organizations by their ids. */
export async function listOrganizationNames(
  database: IdentityDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await database.all<{ id: string; name: string }>(
    'SELECT id, name FROM organizations WHERE id IN (SELECT value FROM json_each(?))',
    JSON.stringify(ids),
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** How many days visitors' threads that no user has answered are kept, unless an organization says otherwise. */
const UNANSWERED_DAYS = 7;

/** A new organization; columns that are left out have their defaults. */
export type NewOrganization = Pick<OrganizationRow, 'id' | 'name' | 'created_at'> &
  Partial<Pick<OrganizationRow, 'database'>> &
  OrganizationChanges;

/**
 * Adds an organization, which has no users yet. `database` is for ever: its threads know it. Null when the id is taken.
 */
export function insertOrganization(
  database: IdentityDatabase,
  organization: NewOrganization,
): Promise<OrganizationView | null> {
  return changing({ kind: 'organization', organization_id: organization.id }, async () => {
    const row = await database.first<OrganizationRow>(
      `INSERT INTO organizations (id, name, has_active_subscription, private_chats, private_chat_history,
         encryption_public_key, message_list_days, chat_retention_days, unanswered_retention_days, is_renaming_allowed, domain, database, profile, quotas,
         created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, json_patch('{}', ?), json_patch('{}', ?), ?, ?)
       ON CONFLICT DO NOTHING RETURNING *`,
      organization.id,
      organization.name,
      organization.has_active_subscription ?? 1,
      organization.private_chats ?? 0,
      organization.private_chat_history ?? 0,
      organization.encryption_public_key ?? null,
      organization.message_list_days ?? null,
      organization.chat_retention_days ?? null,
      organization.unanswered_retention_days === undefined ? UNANSWERED_DAYS : organization.unanswered_retention_days,
      organization.is_renaming_allowed ?? 1,
      organization.domain ?? null,
      organization.database ?? IDENTITY_BINDING,
      JSON.stringify(organization.profile ?? {}),
      JSON.stringify(organization.quotas ?? {}),
      organization.created_at,
      organization.created_at,
    );
    return row === null ? null : organizationView({ ...row, is_present: 0, is_online: 0, is_humans_online: 0 });
  });
}

type Changeable = Pick<
  OrganizationRow,
  | 'name'
  | 'has_active_subscription'
  | 'private_chats'
  | 'private_chat_history'
  | 'encryption_public_key'
  | 'message_list_days'
  | 'chat_retention_days'
  | 'unanswered_retention_days'
  | 'is_renaming_allowed'
  | 'domain'
>;

/** Undefined, or a key missing from `profile` or `quotas`, leaves a value as it is. A quota of null is the default. */
export type OrganizationChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined } & {
  quotas?: { [Name in QuotaName]?: number | null | undefined };
  profile?: { [Key in keyof OrganizationProfile]?: OrganizationProfile[Key] | undefined };
};

/** Changes an organization. Null when there is no such organization. */
export function updateOrganization(
  database: IdentityDatabase,
  organizationId: string,
  { profile, quotas, ...columns }: OrganizationChanges,
  now: number,
): Promise<OrganizationRow | null> {
  return changing({ kind: 'organization', organization_id: organizationId }, async () => {
    const { set, parameters } = assignments({ ...columns, updated_at: now });
    return database.first<OrganizationRow>(
      `UPDATE organizations SET profile = json_patch(profile, ?), quotas = json_patch(quotas, ?), ${set}
       WHERE id = ? RETURNING *`,
      JSON.stringify(profile ?? {}),
      JSON.stringify(quotas ?? {}),
      ...parameters,
      organizationId,
    );
  });
}

/** Counts bytes that an organization's threads have sent to D1 on a day (days since 1970, UTC). */
export async function addStoredBytes(
  database: IdentityDatabase,
  organizationId: string,
  day: number,
  bytes: number,
): Promise<void> {
  await database.run(
    `UPDATE organizations SET stored_bytes = iif(stored_day = ?2, stored_bytes, 0) + ?3, stored_day = ?2
     WHERE id = ?1 AND stored_day <= ?2`,
    organizationId,
    day,
    bytes,
  );
}

/**
 * Adds bytes to what the organization has stored on a day, if that is then at most `most`. Answers whether it is: any
 * number of requests at once stays within it.
 */
export async function reserveStoredBytes(
  database: IdentityDatabase,
  organizationId: string,
  day: number,
  { bytes, most }: { bytes: number; most: number },
): Promise<boolean> {
  const { changes } = await database.run(
    `UPDATE organizations SET stored_bytes = iif(stored_day = ?2, stored_bytes, 0) + ?3, stored_day = ?2
     WHERE id = ?1 AND stored_day <= ?2 AND iif(stored_day = ?2, stored_bytes, 0) + ?3 <= ?4`,
    organizationId,
    day,
    bytes,
    most,
  );
  return changes > 0;
}

/** An organization; `now` (ms) decides which of its users are present. Null when there is none. */
export async function viewOrganization(
  database: IdentityDatabase,
  organizationId: string,
  now: number,
): Promise<OrganizationView | null> {
  const row = await database.first<OrganizationRow & AttendanceColumns>(
    `SELECT organizations.*, ${attendanceColumns('organizations.id')} FROM organizations WHERE id = ?2`,
    now,
    organizationId,
  );
  return row === null ? null : organizationView(row);
}

function organizationView(row: OrganizationRow & AttendanceColumns): OrganizationView {
  return {
    id: row.id,
    name: row.name,
    database: row.database,
    message_list_days: row.message_list_days,
    chat_retention_days: row.chat_retention_days,
    unanswered_retention_days: row.unanswered_retention_days,
    is_renaming_allowed: row.is_renaming_allowed === 1,
    domain: row.domain,
    encryption_public_key: row.encryption_public_key,
    has_active_subscription: row.has_active_subscription === 1,
    private_chats: row.private_chats === 1,
    private_chat_history: row.private_chat_history === 1,
    quotas: quotasOf(row.quotas),
    profile: { ...NO_PROFILE, ...(JSON.parse(row.profile) as Partial<OrganizationProfile>) },
    ...attendantsOf(row),
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

const NO_PROFILE: OrganizationProfile = {
  email: null,
  phone: null,
  street: null,
  postal_code: null,
  city: null,
  country: null,
  business_id: null,
};
