import type { Database } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { OrganizationRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';

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

export type NewOrganization = Omit<OrganizationRow, 'database' | 'updated_at'>;

/** Adds an organization. Null when the id is taken. */
export function insertOrganization(database: Database, organization: NewOrganization): Promise<OrganizationRow | null> {
  return database.first<OrganizationRow>(
    `INSERT INTO organizations (id, name, has_active_subscription, private_chats, private_chat_history, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING *`,
    organization.id,
    organization.name,
    organization.has_active_subscription,
    organization.private_chats,
    organization.private_chat_history,
    organization.created_at,
    organization.created_at,
  );
}

export type OrganizationChanges = Partial<Omit<NewOrganization, 'id' | 'created_at'>>;

/** Changes what is given. Null when there is no such organization. */
export function updateOrganization(
  database: Database,
  organizationId: string,
  changes: OrganizationChanges,
  now: number,
): Promise<OrganizationRow | null> {
  const { set, parameters } = assignments({ ...changes, updated_at: now });
  return database.first<OrganizationRow>(
    `UPDATE organizations SET ${set} WHERE id = ? RETURNING *`,
    ...parameters,
    organizationId,
  );
}
