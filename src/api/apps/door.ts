import { z } from '@hono/zod-openapi';
import { SCOPES } from '../../directory/tokens.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import type { Refusal } from '../../http/refusals.ts';
import { type Access, operatorOfOrganization, organizationUser, outwardSettings } from '../access.ts';

/**
 * Who manages the apps of an organization: its own users, or the operator of the hub. Each is a door. The routes are
 * written once and mounted for each door.
 */
export type Door = {
  /** The `operationId` of a route behind this door. */
  nameOf: (operation: string) => string;
  /** The path of the organization. */
  organization: '/orgs/{organization_id}' | '/organizations/{organization_id}';
  tag: string;
  /** Access to installations for reading. An unknown organization is refused. */
  readers: Access;
  /** Access to everything else. An unknown organization is refused. */
  writers: Access;
  /** The scopes that the caller may grant. */
  grantableScopes: (c: AppContext) => ReadonlySet<string>;
  /** The calling user; null for the operator. */
  userId: (c: AppContext) => string | null;
};

/** For an organization's own users, but no apps in their name. They can grant an app only their own scopes. */
export const tenantDoor: Door = {
  nameOf: (operation) => operation,
  organization: '/orgs/{organization_id}',
  tag: 'Apps',
  readers: organizationUser,
  writers: outwardSettings,
  grantableScopes: (c) => c.var.principal.scopes,
  userId: (c) => c.var.principal.user.id,
};

/** For the operator of the hub. The operator can grant every scope. */
export const operatorDoor: Door = {
  nameOf: (operation) => `admin${operation.charAt(0).toUpperCase()}${operation.slice(1)}`,
  organization: '/organizations/{organization_id}',
  tag: 'Administration',
  readers: operatorOfOrganization,
  writers: operatorOfOrganization,
  grantableScopes: () => new Set(SCOPES),
  userId: () => null,
};

export const organizationPath = z.object({ organization_id: pathId('organization_id') });
export const appPath = organizationPath.extend({ app_id: pathId('app_id') });
export const webhookPath = appPath.extend({ webhook_id: pathId('webhook_id') });
export const appInstallationPath = appPath.extend({ installation_id: pathId('installation_id') });
export const installationPath = organizationPath.extend({ installation_id: pathId('installation_id') });

export const APP_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'App not found.' };
export const WEBHOOK_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Webhook not found.' };
export const INSTALLATION_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'App installation not found.' };

const orderings = ['created_at', '-created_at'] as const;

export const newestFirst = z.object({ ...collectionQuery, ordering: z.enum(orderings).default('-created_at') });
export const oldestFirst = z.object({ ...collectionQuery, ordering: z.enum(orderings).default('created_at') });
