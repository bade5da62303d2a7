import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { RoomRow, UserRow } from '../db/rows.ts';
import { IS_ONLINE } from './attendants.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { type RoomTarget, readRouting } from './room-views.ts';

/**
 * Lists the users routed to a room who are online at `now` (ms), by id. The rules are those of routed-rooms.ts and
 * room-views.ts. Reads only the present users of the room's organization and its partners.
 */
export async function listOnlineUsers(
  databases: DirectoryDatabases,
  room: RoomRow,
  now: number,
  keyset: Keyset,
): Promise<UserRow[]> {
  const { targets, shares } = await readRouting(databases, [room]);
  const admitted = [room.organization_id, ...shares.map((share) => share.organization_id)];
  const named = (wanted: string) =>
    targets.filter(({ kind }) => kind === wanted).flatMap(({ target_id }) => target_id ?? []);
  const whole = targets.filter(({ kind }) => kind === 'all' || kind === 'organization');
  const organizationsOf = (some: readonly RoomTarget[]) =>
    some.map(({ target_id }) => target_id ?? room.organization_id);
  const ofPeople = [...(targets.length === 0 ? [room.organization_id] : []), ...organizationsOf(whole)];
  const ofAll = organizationsOf(whole.filter(({ include_bots }) => include_bots === 1));
  const { where, orderBy, parameters } = keysetClauses({ columns: ['users.id'], descending: false }, keyset);
  return databases.identity.all<UserRow>(
    `SELECT users.* FROM users
     WHERE users.organization_id IN (SELECT value FROM json_each(?2)) AND ${IS_ONLINE}
       AND ((users.is_bot = 0 AND users.organization_id IN (SELECT value FROM json_each(?3)))
         OR users.organization_id IN (SELECT value FROM json_each(?7))
         OR users.id IN (SELECT value FROM json_each(?4))
         OR EXISTS (SELECT 1 FROM team_members JOIN teams ON teams.id = team_members.team_id
           WHERE team_members.user_id = users.id AND teams.id IN (SELECT value FROM json_each(?5))
             AND teams.deleted_at IS NULL AND teams.organization_id IN (SELECT value FROM json_each(?2))
             AND (teams.organization_id = ?6 OR EXISTS (SELECT 1 FROM team_shares
               WHERE team_shares.team_id = teams.id AND team_shares.organization_id = ?6))))
       AND ${where} ORDER BY ${orderBy}`,
    now,
    JSON.stringify(admitted),
    JSON.stringify(ofPeople),
    JSON.stringify(named('user')),
    JSON.stringify(named('team')),
    room.organization_id,
    JSON.stringify(ofAll),
    ...parameters,
  );
}
