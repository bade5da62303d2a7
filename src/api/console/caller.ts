import type { DirectoryDatabases } from '../../directory/read-routed-rooms.ts';
import { type AppContext, identityDatabase, organizationDatabase } from '../../http/app-environment.ts';
import type { NestedOrganization } from '../../resources/user-account.ts';

/** The caller's organization as their resources nest it. */
export function callerOrganization(c: AppContext): NestedOrganization {
  const { id, name } = c.var.principal.organization;
  return { id, name };
}

export function callerDatabases(c: AppContext): DirectoryDatabases {
  return { identity: identityDatabase(c), organization: organizationDatabase(c) };
}
