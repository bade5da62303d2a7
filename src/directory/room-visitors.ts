import type { IdIndex } from '../chats/id-walk.ts';
import { idRange, type Scan, scanTable } from '../chats/scan.ts';
import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { VisitorRow } from '../db/rows.ts';
import type { RoomVisitor, VisitorDetails } from '../resources/room-visitor.ts';

/** An undefined detail stays as it is; null removes it. */
export type DetailChanges = { [Name in keyof VisitorDetails]?: VisitorDetails[Name] | undefined };

/** A visitor in one of their rooms. */
export type VisitorPlace = { organization_id: string; room_id: string; visitor_id: string };

/**
 * Records a visit: makes or changes the visitor's row and keeps them present for `presence_expires_in` seconds from
 * `now` (ms). A visitor who was absent starts another visit. The caller has checked the room.
 */
export async function enterRoom(
  database: OrganizationDatabase,
  { organization_id, room_id, visitor_id }: VisitorPlace,
  { details, presence_expires_in }: { details: DetailChanges; presence_expires_in: number },
  now: number,
): Promise<{ row: VisitorRow; is_new: boolean }> {
  const [known, written] = (await database.batch([
    ['SELECT id FROM visitors WHERE id = ? AND room_id = ?', visitor_id, room_id],
    [
      `INSERT INTO visitors
         (id, organization_id, room_id, details, visit_count, presence_expires_in, present_until, created_at, is_passing)
       VALUES (?1, ?2, ?3, json_patch('{}', ?4), 1, ?5, ?6, ?7,
         coalesce((SELECT min(is_passing) FROM visitors WHERE id = ?1), 1))
       ON CONFLICT (id, room_id) DO UPDATE SET details = json_patch(visitors.details, ?4),
         visit_count = visitors.visit_count + (coalesce(visitors.present_until, 0) <= ?7),
         presence_expires_in = excluded.presence_expires_in, present_until = excluded.present_until
       WHERE visitors.organization_id = ?2
       RETURNING *`,
      visitor_id,
      organization_id,
      room_id,
      JSON.stringify(details),
      presence_expires_in,
      now + presence_expires_in * 1000,
      now,
    ],
  ])) as [unknown[], VisitorRow[]];
  const [row] = written;
  if (row === undefined) throw new Error('a visitor of another organization has this id');
  return { row, is_new: known.length === 0 };
}

/**
 * Keeps a visitor present in a room for a number of seconds from `now` (ms), or for as many as they asked for last.
 * Null when they have never visited the room.
 */
export function stayInRoom(
  database: OrganizationDatabase,
  { organization_id, room_id, visitor_id }: VisitorPlace,
  { details = {}, presence_expires_in }: { details?: DetailChanges; presence_expires_in: number | null },
  now: number,
): Promise<VisitorRow | null> {
  return database.first<VisitorRow>(
    `UPDATE visitors SET details = json_patch(details, ?1), presence_expires_in = coalesce(?2, presence_expires_in),
       present_until = ?3 + 1000 * coalesce(?2, presence_expires_in)
     WHERE id = ?4 AND room_id = ?5 AND organization_id = ?6 RETURNING *`,
    JSON.stringify(details),
    presence_expires_in,
    now,
    visitor_id,
    room_id,
    organization_id,
  );
}

/** A visitor of a room of the organization; null when the room has no such visitor. */
export function findRoomVisitor(
  database: OrganizationDatabase,
  { organization_id, room_id, visitor_id }: VisitorPlace,
): Promise<VisitorRow | null> {
  return database.first<VisitorRow>(
    'SELECT * FROM visitors WHERE id = ? AND room_id = ? AND organization_id = ?',
    visitor_id,
    room_id,
    organization_id,
  );
}

const BY_ROOM: IdIndex = {
  table: 'visitors',
  name: 'visitors_by_room',
  owner: 'room_id',
  id: 'id',
  where: 'organization_id = ?4',
};

const COLUMNS = {
  organization_id: true,
  room_id: true,
  details: true,
  visit_count: true,
  presence_expires_in: true,
  present_until: true,
  is_passing: true,
  left_at: true,
  created_at: true,
} as const satisfies { [Column in Exclude<keyof VisitorRow, 'id'>]: true };

const IS_PRESENT = 'walk.present_until > ?5';
const IS_ABSENT = '(walk.present_until IS NULL OR walk.present_until <= ?5)';

/** Most visitors of a room whose presence an index finds for a page. Where more are present, the room's are scanned. */
const PRESENT_AT_ONCE = 1000;

/**
 * Lists the visitors of a room of the organization by id: those present at `now` (ms), those absent, or all
 * (`isPresent` null). A filter may end a page early. Up to PRESENT_AT_ONCE present ones are found by their index, so
 * that a few are found among many who have gone.
 */
export async function listRoomVisitors(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  isPresent: boolean | null,
  now: number,
  keyset: Keyset,
): Promise<Scan<VisitorRow>> {
  const few = isPresent === true ? await listFewPresent(database, organizationId, roomId, now, keyset) : null;
  if (few !== null) return { rows: few, cut_at: null };
  return await scanTable<VisitorRow>(
    database,
    {
      index: BY_ROOM,
      owner: roomId,
      columns: COLUMNS,
      match: isPresent === null ? null : isPresent ? IS_PRESENT : IS_ABSENT,
      rowsOfId: 0,
      parameters: isPresent === null ? [organizationId] : [organizationId, now],
    },
    idRange(keyset, false),
    keyset.limit,
  );
}

/** A page of those present at `now` (ms); null when there are more than PRESENT_AT_ONCE. */
async function listFewPresent(
  database: OrganizationDatabase,
  organizationId: string,
  roomId: string,
  now: number,
  keyset: Keyset,
): Promise<VisitorRow[] | null> {
  const present = await database.all<{ id: string }>(
    `SELECT id FROM visitors INDEXED BY visitors_present WHERE room_id = ? AND present_until > ? LIMIT ${PRESENT_AT_ONCE + 1}`,
    roomId,
    now,
  );
  if (present.length > PRESENT_AT_ONCE) return null;
  const { low, high, descending } = idRange(keyset, false);
  const ids = present.flatMap(({ id }) => (id > low && id < high ? [id] : [])).sort();
  if (descending) ids.reverse();
  return await database.all<VisitorRow>(
    `SELECT * FROM visitors WHERE id IN (SELECT value FROM json_each(?)) AND room_id = ? AND organization_id = ?
     ORDER BY id ${descending ? 'DESC' : 'ASC'}`,
    JSON.stringify(ids.slice(0, keyset.limit)),
    roomId,
    organizationId,
  );
}

/** A visitor as resources show them at `now` (ms). */
export function roomVisitor(row: VisitorRow, now: number): RoomVisitor {
  return {
    id: row.id,
    room_id: row.room_id,
    is_present: row.present_until !== null && row.present_until > now,
    visit_count: row.visit_count,
    details: { ...NOTHING_KNOWN, ...(JSON.parse(row.details) as Partial<VisitorDetails>) },
  };
}

const NOTHING_KNOWN: VisitorDetails = {
  latest_page_url: null,
  latest_page_title: null,
  referrer_url: null,
  device_screen_width: null,
  device_screen_height: null,
  user_agent: null,
  ip_address: null,
  geo_city: null,
  geo_country_code: null,
  geo_country: null,
};
