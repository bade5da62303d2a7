import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { RoomRow, UserRow } from '../db/rows.ts';
import { IS_ONLINE } from './attendants.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { readRouting } from './room-views.ts';

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
  const isForAll = targets.length === 0 || targets.some(({ kind }) => kind === 'all');
  const named = (wanted: string) =>
    targets.filter(({ kind }) => kind === wanted).flatMap(({ target_id }) => target_id ?? []);
  const organizations = [...(isForAll ? [room.organization_id] : []), ...named('organization')];
  const { where, orderBy, parameters } = keysetClauses({ columns: ['users.id'], descending: false }, keyset);
  return databases.identity.all<UserRow>(
    `SELECT users.* FROM users
     WHERE users.organization_id IN (SELECT value FROM json_each(?2)) AND ${IS_ONLINE}
       AND (users.organization_id IN (SELECT value FROM json_each(?3))
         OR users.id IN (SELECT value FROM json_each(?4))
         OR EXISTS (SELECT 1 FROM team_members JOIN teams ON teams.id = team_members.team_id
           WHERE team_members.user_id = users.id AND teams.id IN (SELECT value FROM json_each(?5))
             AND teams.deleted_at IS NULL AND teams.organization_id IN (SELECT value FROM json_each(?2))
             AND (teams.organization_id = ?6 OR EXISTS (SELECT 1 FROM team_shares
               WHERE team_shares.team_id = teams.id AND team_shares.organization_id = ?6))))
       AND ${where} ORDER BY ${orderBy}`,
    now,
    JSON.stringify(admitted),
    JSON.stringify(organizations),
    JSON.stringify(named('user')),
    JSON.stringify(named('team')),
    room.organization_id,
    ...parameters,
  );
}
