import type { AppContext, AppMiddleware } from '../../http/app-environment.ts';
import { authenticate } from '../../http/authenticate.ts';
import { requireOrganization, requireScope, requireSubscription } from '../../http/permissions.ts';
import { type Refused, refuse } from '../../http/refusals.ts';

/** Every call of this interface needs the scope `settings` (seed 000, Permissions); an unknown organization is 404. */
export const settingsGuards: AppMiddleware[] = [
  authenticate(),
  requireOrganization({ unknown: 404 }),
  requireSubscription(),
  requireScope('settings'),
];

/** 404 for a channel that does not exist, was deleted or belongs to another organization (seed 000, 2.1). */
export function channelNotFound(c: AppContext): Refused {
  return refuse(c, { reason: 'not_found', detail: 'Channel configuration not found.' });
}
