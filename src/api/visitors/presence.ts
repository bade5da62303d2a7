import { noCost } from '../../db/cost.ts';
import { openOrganizationDatabase } from '../../db/database.ts';
import type { VisitorRow } from '../../db/rows.ts';
import { stayInRoom } from '../../directory/room-visitors.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { reportPresence } from '../visitor-presence.ts';

/**
 * A visitor's messages renew their presence at most this often (ms), so that they cost D1 little. A shorter presence is
 * renewed by the visitor's page.
 */
const RENEWED_EVERY = 30_000;
const REMEMBERED = 10_000;
/** When this isolate last renewed the presence of a visitor in a room (ms). */
const renewedAt = new Map<string, number>();

/** Reports a visitor's presence to their open chats, and notes that it was renewed. */
export async function keepPresent(c: AppContext, row: VisitorRow): Promise<void> {
  noteRenewed(row.id, row.room_id, Date.now());
  await reportPresence(c, row);
}

/**
 * After the answer, keeps a visitor who has just written present in that room, for as long as they last requested. A
 * failure is only logged.
 */
export function stayPresent(c: AppContext, roomId: string | null): void {
  if (roomId === null) return;
  const { id, organization } = c.var.visitor;
  const now = Date.now();
  if (now - (renewedAt.get(`${id} ${roomId}`) ?? 0) < RENEWED_EVERY) return;
  noteRenewed(id, roomId, now);
  const place = { organization_id: organization.id, room_id: roomId, visitor_id: id };
  const renewed = async () => {
    const row = await stayInRoom(
      openOrganizationDatabase(c.env, organization, noCost()),
      place,
      { presence_expires_in: null },
      now,
    );
    if (row !== null) await keepPresent(c, row);
  };
  const logged = renewed().catch((error: unknown) => {
    writeLog('error', 'visitor_not_renewed', { error: errorText(error) });
  });
  c.executionCtx.waitUntil(logged);
}

function noteRenewed(visitorId: string, roomId: string, now: number): void {
  if (renewedAt.size >= REMEMBERED) renewedAt.clear();
  renewedAt.set(`${visitorId} ${roomId}`, now);
}
