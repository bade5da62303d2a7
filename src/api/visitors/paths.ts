import { z } from '@hono/zod-openapi';
import { pathId, pathVisitorId } from '../../http/fields.ts';
import { organizationVisitor, ownOrganizationVisitor, ownVisitor } from '../access.ts';
import { roomPath } from '../shared/paths.ts';

const tag = 'Public API';

/** Routes under /public/orgs/<organization_id>/rooms. */
export const inRoom = { tag, access: organizationVisitor };
/** Routes that name both an organization and a visitor. */
export const asRoomVisitor = { tag, access: ownOrganizationVisitor };
/** Routes under /public/visitors/<visitor_id>. */
export const asVisitor = { tag, access: ownVisitor };

export const roomVisitorPath = roomPath.extend({ visitor_id: pathVisitorId() });
export const visitorPath = z.object({ visitor_id: pathVisitorId() });
export const chatPath = visitorPath.extend({ chat_id: pathId('chat_id') });

/** Paths below /api/v5. */
export const ROOM = '/public/orgs/{organization_id}/rooms/{room_id}';
export const ROOM_VISITORS = `${ROOM}/visitors` as const;
export const CHATS = '/public/visitors/{visitor_id}/chats';
export const CHAT = `${CHATS}/{chat_id}` as const;
export const CHAT_MEMBERSHIPS = '/public/visitors/{visitor_id}/chat_memberships';
