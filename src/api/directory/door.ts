import type { Scope } from '../../directory/tokens.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { uuidField } from '../../http/fields.ts';
import {
  type Access,
  audited,
  interfaceSettings,
  operatorOfOrganization,
  organizationUser,
  organizationUserWith,
  outwardSettings,
  userCredentials,
  userOrScope,
} from '../access.ts';

/**
 * How the directory is reached: by the users of an organization, its tenants, or by the operator of the hub. The routes
 * of each resource are written once and mounted for each door. `c.var.organization` is the organization behind any
 * door.
 */
export type Door = {
  /** The operator can choose ids, and has fields that tenants lack. */
  isOperator: boolean;
  /** What the reference says of a call that creates something, when it comes twice. */
  repeatedCreation: string;
  /** The version of the API: teams have more fields in version 6. */
  version: 5 | 6;
  /** The `operationId` of a route behind this door. */
  nameOf: (operation: string) => string;
  /** The reference's heading for routes. For tenants it is `tag`. */
  tagOf: (tag: string) => string;
  organization: '/orgs/{organization_id}' | '/organizations/{organization_id}';
  members: 'memberships' | 'members';
  reader: Access;
  /** `scope`: the scope that a tenant's token must have. */
  writer: (scope: Scope) => Access;
  /** Access for changes to a user. Tenants may change themselves without a scope. */
  userWriter: Access;
  /** Access to the settings and keys of JSON-RPC and the threads API. The audit log has each call: they show secrets. */
  interfaces: Access;
  /** Access to shares. Tenants need the scope `settings`, and no app may. */
  shares: Access;
  /** Access to credentials of users, such as sign-in links. Tenants need the scope `users`, and no app may. */
  credentials: Access;
  /** The first of these scopes that the caller may not give to others; the operator may give each. */
  lackingScope: (c: AppContext, scopes: readonly Scope[]) => Scope | undefined;
  /** The id of the user who is recorded as the author of a change; null for the operator. */
  userId: (c: AppContext) => string | null;
};

/** The door of an organization's users, at /api/v5 and /api/v6. */
export function tenantDoor(version: 5 | 6): Door {
  return {
    isOperator: false,
    repeatedCreation: 'Each call makes another one.',
    version,
    nameOf: (operation) => (version === 6 ? `${operation}V6` : operation),
    tagOf: (tag) => tag,
    organization: '/orgs/{organization_id}',
    members: 'memberships',
    reader: organizationUser,
    writer: (scope) => audited(organizationUserWith(scope)),
    userWriter: audited(userOrScope),
    interfaces: interfaceSettings,
    shares: outwardSettings,
    credentials: userCredentials,
    lackingScope: (c, scopes) => scopes.find((scope) => !c.var.principal.scopes.has(scope)),
    userId: (c) => c.var.principal.user.id,
  };
}

/** The door of the operator, at /admin/v1. */
export const operatorDoor: Door = {
  isOperator: true,
  repeatedCreation: 'Without an `id` each call makes another one; an `id` that is taken is 409.',
  version: 6,
  nameOf: (operation) => `admin${operation.charAt(0).toUpperCase()}${operation.slice(1)}`,
  tagOf: () => 'Administration',
  organization: '/organizations/{organization_id}',
  members: 'members',
  reader: operatorOfOrganization,
  writer: () => operatorOfOrganization,
  userWriter: operatorOfOrganization,
  interfaces: operatorOfOrganization,
  shares: operatorOfOrganization,
  credentials: operatorOfOrganization,
  lackingScope: () => undefined,
  userId: () => null,
};

/**
 * The id that the operator may choose for a new resource, so that a set-up can be repeated elsewhere with the same ids.
 */
export const chosenId = { id: uuidField().optional() };
