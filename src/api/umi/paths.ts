import { z } from '@hono/zod-openapi';
import { pathId } from '../../http/fields.ts';

/** Paths of the Messaging API, below /api/v5 (UMI documentation). */
export const CHANNELS = '/orgs/{organization_id}/unified_messaging';
export const CHANNEL = `${CHANNELS}/{config_id}` as const;

export const channelsPath = z.object({ organization_id: pathId('organization_id') });
export const channelPath = channelsPath.extend({ config_id: pathId('config_id') });

/** The 404 when the channel is unknown, deleted or of another organization. */
export const CHANNEL_NOT_FOUND = { reason: 'not_found', detail: 'Channel configuration not found.' } as const;
