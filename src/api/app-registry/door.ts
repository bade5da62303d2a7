import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionQuery } from '../../http/collection.ts';
import { pathId } from '../../http/fields.ts';
import type { Refusal } from '../../http/refusals.ts';
import type { Access } from '../access.ts';

/**
 * Through what the registry of apps is reached: by an organization's own users, or by the operator of the hub. The routes are written
 * once and mounted for each door.
 */
export type Door = {
  /** The `operationId` of a route behind this door. */
  nameOf: (operation: string) => string;
  /** Path of an organization below which the registry lies. */
  organization: '/orgs/{organization_id}' | '/organizations/{organization_id}';
  tag: string;
  /** For what everybody of the organization may read, and for all the rest. Both let only organizations pass that exist. */
  readers: Access;
  writers: Access;
  /** The scopes that who comes through the door may give away. */
  grantableScopes: (c: AppContext) => ReadonlySet<string>;
  /** The user who comes through it; null for the operator. */
  userId: (c: AppContext) => string | null;
};

export const organizationPath = z.object({ organization_id: pathId('organization_id') });
export const appPath = organizationPath.extend({ app_id: pathId('app_id') });
export const webhookPath = appPath.extend({ webhook_id: pathId('webhook_id') });
export const appInstallationPath = appPath.extend({ installation_id: pathId('installation_id') });
export const appDeliveryPath = appInstallationPath.extend({ delivery_id: pathId('delivery_id') });
export const installationPath = organizationPath.extend({ installation_id: pathId('installation_id') });

export const APP_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'App not found.' };
export const WEBHOOK_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'Webhook not found.' };
export const INSTALLATION_NOT_FOUND: Refusal = { reason: 'not_found', detail: 'App installation not found.' };

const orderings = ['created_at', '-created_at'] as const;

export const newestFirst = z.object({ ...collectionQuery, ordering: z.enum(orderings).default('-created_at') });
export const oldestFirst = z.object({ ...collectionQuery, ordering: z.enum(orderings).default('created_at') });

/** The keyset values of both orderings. */
export const creationKey = z.tuple([z.number(), z.string()]);
