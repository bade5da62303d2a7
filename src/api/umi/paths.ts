import { z } from '@hono/zod-openapi';
import { authenticate } from '../../http/authenticate.ts';
import { pathId } from '../../http/fields.ts';
import { requireOrganization, requireScope, requireSubscription } from '../../http/permissions.ts';

/** Paths of the Messaging API, below /api/v5 (UMI documentation). */
export const CHANNELS = '/orgs/{organization_id}/unified_messaging';
export const CHANNEL = `${CHANNELS}/{config_id}` as const;

export const channelsPath = z.object({ organization_id: pathId('organization_id') });
export const channelPath = channelsPath.extend({ config_id: pathId('config_id') });
export const deliveryPath = channelPath.extend({ delivery_id: pathId('delivery_id') });

/** Guards and security of every call of this interface: the scope `settings` in the caller's own organization. */
export const settingsAccess = {
  middleware: [authenticate(), requireOrganization({ unknown: 404 }), requireSubscription(), requireScope('settings')],
};

/** What a 404 says when the channel is unknown, deleted or of another organization. */
export const CHANNEL_NOT_FOUND = { reason: 'not_found', detail: 'Channel configuration not found.' } as const;
