import { z } from '@hono/zod-openapi';
import { pathId } from '../../http/fields.ts';

/** Parameters of paths below an organization, and the 404s for resources in such paths that do not exist. */

export const organizationPath = z.object({ organization_id: pathId('organization_id') });
export const userPath = organizationPath.extend({ user_id: pathId('user_id') });
export const roomPath = organizationPath.extend({ room_id: pathId('room_id') });
export const teamPath = organizationPath.extend({ team_id: pathId('team_id') });

export const ROOM_NOT_FOUND = { reason: 'not_found', detail: 'Room not found.' } as const;
export const TEAM_NOT_FOUND = { reason: 'not_found', detail: 'Team not found.' } as const;
export const USER_NOT_FOUND = { reason: 'not_found', detail: 'User not found.' } as const;
export const VISITOR_NOT_FOUND = { reason: 'not_found', detail: 'Visitor not found.' } as const;
