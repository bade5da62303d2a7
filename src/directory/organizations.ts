import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { OrganizationRow } from '../db/rows.ts';
import type { OrganizationProfile, OrganizationView } from '../resources/organization.ts';
import { assignments } from './assignments.ts';
import { type AttendanceColumns, attendanceColumns, attendantsOf } from './attendants.ts';

export function findOrganization(database: Database, organizationId: string): Promise<OrganizationRow | null> {
  return database.first<OrganizationRow>('SELECT * FROM organizations WHERE id = ?', organizationId);
}

export async function organizationExists(database: Database, organizationId: string): Promise<boolean> {
  return (await database.first('SELECT 1 FROM organizations WHERE id = ?', organizationId)) !== null;
}

/** All organizations in the order of their ids: for the operator of the hub only. */
export function listOrganizations(database: Database, keyset: Keyset): Promise<OrganizationRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<OrganizationRow>(`SELECT * FROM organizations WHERE ${where} ORDER BY ${orderBy}`, ...parameters);
}

export type NewOrganization = Omit<OrganizationRow, 'database' | 'profile' | 'updated_at'>;

/** Adds an organization. Null when the id is taken. */
export function insertOrganization(database: Database, organization: NewOrganization): Promise<OrganizationRow | null> {
  return database.first<OrganizationRow>(
    `INSERT INTO organizations (id, name, has_active_subscription, private_chats, private_chat_history, message_list_days,
       created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING *`,
    organization.id,
    organization.name,
    organization.has_active_subscription,
    organization.private_chats,
    organization.private_chat_history,
    organization.message_list_days,
    organization.created_at,
    organization.created_at,
  );
}

type Changeable = Pick<
  OrganizationRow,
  'name' | 'has_active_subscription' | 'private_chats' | 'private_chat_history' | 'message_list_days'
>;

/** Undefined leaves a value as it is; so does a key that `profile` has not. */
export type OrganizationChanges = { [Column in keyof Changeable]?: Changeable[Column] | undefined } & {
  profile?: { [Key in keyof OrganizationProfile]?: OrganizationProfile[Key] | undefined };
};

/** Changes what is given. Null when there is no such organization. */
export function updateOrganization(
  database: Database,
  organizationId: string,
  { profile, ...columns }: OrganizationChanges,
  now: number,
): Promise<OrganizationRow | null> {
  const { set, parameters } = assignments({ ...columns, updated_at: now });
  return database.first<OrganizationRow>(
    `UPDATE organizations SET profile = json_patch(profile, ?), ${set} WHERE id = ? RETURNING *`,
    JSON.stringify(profile ?? {}),
    ...parameters,
    organizationId,
  );
}

/** An organization as its console shows it, with who of its users is there at `now` (ms). Null when there is none. */
export async function viewOrganization(
  database: Database,
  organizationId: string,
  now: number,
): Promise<OrganizationView | null> {
  const row = await database.first<OrganizationRow & AttendanceColumns>(
    `SELECT organizations.*, ${attendanceColumns('organizations.id')} FROM organizations WHERE id = ?2`,
    now,
    organizationId,
  );
  if (row === null) return null;
  return {
    id: row.id,
    name: row.name,
    message_list_days: row.message_list_days,
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
