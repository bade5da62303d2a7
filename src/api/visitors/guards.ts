import { z } from '@hono/zod-openapi';
import type { AppMiddleware } from '../../http/app-environment.ts';
import {
  authenticateVisitor,
  requireOwnVisitor,
  requireVisitorOrganization,
  requireVisitorSubscription,
} from '../../http/authenticate-visitor.ts';
import { pathId } from '../../http/fields.ts';
import { visitorTokenSecurity } from '../../http/openapi.ts';

const roomGuards: AppMiddleware[] = [authenticateVisitor(), requireVisitorOrganization(), requireVisitorSubscription()];
const visitorGuards: AppMiddleware[] = [authenticateVisitor(), requireOwnVisitor(), requireVisitorSubscription()];
const roomVisitorGuards: AppMiddleware[] = [
  authenticateVisitor(),
  requireVisitorOrganization(),
  requireOwnVisitor(),
  requireVisitorSubscription(),
];

const common = { tags: ['Public API'], security: visitorTokenSecurity };

/** Routes under /public/orgs/<organization_id>/rooms: the token's organization. */
export const inRoom = { ...common, middleware: roomGuards };
/** Routes that name both an organization and a visitor. */
export const asRoomVisitor = { ...common, middleware: roomVisitorGuards };
/** Routes under /public/visitors/<visitor_id>: the token's visitor. */
export const asVisitor = { ...common, middleware: visitorGuards };

const visitorId = z.string().openapi({ param: { name: 'visitor_id', in: 'path' } });

export const roomPath = z.object({ organization_id: pathId('organization_id'), room_id: pathId('room_id') });
export const roomVisitorPath = roomPath.extend({ visitor_id: visitorId });
export const visitorPath = z.object({ visitor_id: visitorId });
export const chatPath = visitorPath.extend({ chat_id: pathId('chat_id') });

/** Paths below /api/v5. */
export const ROOM = '/public/orgs/{organization_id}/rooms/{room_id}';
export const ROOM_VISITORS = `${ROOM}/visitors` as const;
export const CHATS = '/public/visitors/{visitor_id}/chats';
export const CHAT = `${CHATS}/{chat_id}` as const;
export const CHAT_MEMBERSHIPS = '/public/visitors/{visitor_id}/chat_memberships';

export const ROOM_NOT_FOUND = { reason: 'not_found', detail: 'Room not found.' } as const;
export const VISITOR_NOT_FOUND = { reason: 'not_found', detail: 'Visitor not found.' } as const;
