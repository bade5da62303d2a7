import { type Database, db } from '../../db/database.ts';
import type { OrganizationRow } from '../../db/rows.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';

/** An organization and the database in which its rooms and routers lie, which its row names. */
export async function organizationWithDatabase(
  c: AppContext,
  organizationId: string,
): Promise<{ organization: OrganizationRow; database: Database } | null> {
  const organization = await findOrganization(identityDatabase(c), organizationId);
  return organization === null ? null : { organization, database: db(c.env, organization, c.var.cost) };
}

export async function roomDatabaseOf(c: AppContext, organizationId: string): Promise<Database | null> {
  return (await organizationWithDatabase(c, organizationId))?.database ?? null;
}
