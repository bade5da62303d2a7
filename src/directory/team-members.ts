import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { UserRow } from '../db/rows.ts';
import { changing } from './changes.ts';

/** A member of a team: the user's row, and since when they belong to it (ms). */
export type TeamMemberUserRow = UserRow & { team_id: string; joined_at: number };

const MEMBERS = `SELECT users.*, team_members.team_id, team_members.created_at AS joined_at FROM team_members
  JOIN teams ON teams.id = team_members.team_id AND teams.deleted_at IS NULL
  JOIN users ON users.id = team_members.user_id AND users.deleted_at IS NULL
  WHERE team_members.team_id = ? AND teams.organization_id = ?`;

/** The members of a team of the organization by their ids, without deleted users. The caller checks the team. */
export function listTeamMembers(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  keyset: Keyset,
): Promise<TeamMemberUserRow[]> {
  const order = { columns: ['team_members.user_id'], descending: false };
  const { where, orderBy, parameters } = keysetClauses(order, keyset);
  return identity.all<TeamMemberUserRow>(
    `${MEMBERS} AND ${where} ORDER BY ${orderBy}`,
    teamId,
    organizationId,
    ...parameters,
  );
}

/** A member of a team of the organization; null when there is none. */
export function findTeamMember(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  userId: string,
): Promise<TeamMemberUserRow | null> {
  return identity.first<TeamMemberUserRow>(`${MEMBERS} AND team_members.user_id = ?`, teamId, organizationId, userId);
}

/**
 * Makes a user a member of a team, both of the organization. Null when it lacks either. `isNew` is false for a member.
 */
export function insertTeamMember(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  userId: string,
  now: number,
): Promise<{ member: TeamMemberUserRow; isNew: boolean } | null> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const [inserted = [], members = []] = await identity.batch([
      [
        `INSERT INTO team_members (team_id, user_id, created_at)
         SELECT teams.id, users.id, ? FROM teams JOIN users ON users.organization_id = teams.organization_id
         WHERE teams.id = ? AND teams.organization_id = ? AND teams.deleted_at IS NULL
           AND users.id = ? AND users.deleted_at IS NULL
         ON CONFLICT DO NOTHING RETURNING *`,
        now,
        teamId,
        organizationId,
        userId,
      ],
      [`${MEMBERS} AND team_members.user_id = ?`, teamId, organizationId, userId],
    ]);
    const member = members[0] as TeamMemberUserRow | undefined;
    return member === undefined ? null : { member, isNew: inserted.length > 0 };
  });
}

/** Removes a member. False when the organization has no such team or the team has no such member. */
export function deleteTeamMember(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  userId: string,
): Promise<boolean> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const { changes } = await identity.run(
      `DELETE FROM team_members WHERE user_id = ? AND team_id =
         (SELECT id FROM teams WHERE id = ? AND organization_id = ? AND deleted_at IS NULL)`,
      userId,
      teamId,
      organizationId,
    );
    return changes > 0;
  });
}
