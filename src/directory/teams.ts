import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import { CREATION_ORDERS, type CreationOrdering, type Keyset, keysetClauses } from '../db/keyset.ts';
import type { TeamRow } from '../db/rows.ts';
import type { Invitee } from '../resources/invitation.ts';
import { assignments } from './assignments.ts';
import { deleteRepliesOf } from './canned-replies.ts';
import { changing } from './changes.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';
import { endOffers } from './shares.ts';

/** Teams are stored with their members in the first database. Routers name them by id. */

/** A team of the organization; null when there is none or it is deleted. */
export function findTeam(identity: IdentityDatabase, organizationId: string, teamId: string): Promise<TeamRow | null> {
  return identity.first<TeamRow>(
    'SELECT * FROM teams WHERE id = ? AND organization_id = ? AND deleted_at IS NULL',
    teamId,
    organizationId,
  );
}

/** Lists the teams of the organization without deleted ones. A key holds the ordering's columns in CREATION_ORDERS. */
export function listTeams(
  identity: IdentityDatabase,
  organizationId: string,
  ordering: CreationOrdering,
  keyset: Keyset,
): Promise<TeamRow[]> {
  const { where, orderBy, parameters } = keysetClauses(CREATION_ORDERS[ordering], keyset);
  return identity.all<TeamRow>(
    `SELECT * FROM teams WHERE organization_id = ? AND deleted_at IS NULL AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
}

export type NewTeam = Pick<TeamRow, 'id' | 'name' | 'display_name' | 'created_by_user_id' | 'created_at'>;

/** Adds a team to an organization that exists. Refused when the id is taken. */
export function insertTeam(
  identity: IdentityDatabase,
  organizationId: string,
  team: NewTeam,
  limit: number,
): Promise<Inserted<TeamRow>> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const quota = { name: 'teams', limit } as const;
    return insertBelow<TeamRow>(identity, quota, organizationId, [
      `INSERT INTO teams (id, organization_id, name, display_name, created_by_user_id, updated_by_user_id, created_at, updated_at)
       SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${isBelow(quota)}
       ON CONFLICT DO NOTHING RETURNING *`,
      team.id,
      organizationId,
      team.name,
      team.display_name,
      team.created_by_user_id,
      team.created_by_user_id,
      team.created_at,
      team.created_at,
      organizationId,
    ]);
  });
}

export type TeamChanges = {
  name?: string | undefined;
  display_name?: string | undefined;
  /** Null for changes by the operator of the hub. */
  updated_by_user_id: string | null;
};

/** Changes a team. Null when the organization has no such team. */
export function updateTeam(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  changes: TeamChanges,
  now: number,
): Promise<TeamRow | null> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const { set, parameters } = assignments({ ...changes, updated_at: now });
    return identity.first<TeamRow>(
      `UPDATE teams SET ${set} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL RETURNING *`,
      ...parameters,
      teamId,
      organizationId,
    );
  });
}

/**
 * Marks a team as deleted: no router routes to it any more. Its offers to partners and its canned replies go. False when the organization has no such team.
 */
export function deleteTeam(
  identity: IdentityDatabase,
  organizationId: string,
  teamId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const [deleted = []] = await identity.batch([
      [
        `UPDATE teams SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2 AND organization_id = ?3 AND deleted_at IS NULL
         RETURNING id`,
        now,
        teamId,
        organizationId,
      ],
      endOffers('team', teamId, organizationId),
      deleteRepliesOf('teams', teamId, organizationId),
    ]);
    return deleted.length > 0;
  });
}

/**
 * An invitee with the name that the invitation shows (Chats API, Chat invitations). A user may invite users and teams
 * of their organization, teams shared with it, and partner organizations. Null for all others and for deleted ones.
 */
export async function findInvitee(
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  organizationId: string,
  invitee: Pick<Invitee, 'kind' | 'id'>,
): Promise<Invitee | null> {
  const found = await FIND_INVITEE[invitee.kind](identity, database, organizationId, invitee.id);
  return found === null ? null : { kind: invitee.kind, id: invitee.id, ...found };
}

type Named = { name: string; organization_id: string };
type FindNamed = (
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  organizationId: string,
  id: string,
) => Promise<Named | null>;

const FIND_INVITEE: { readonly [kind in Invitee['kind']]: FindNamed } = {
  user: (identity, _, organizationId, id) =>
    identity.first<Named>(
      `SELECT trim(first_name || ' ' || last_name) AS name, organization_id FROM users
       WHERE id = ? AND organization_id = ? AND deleted_at IS NULL`,
      id,
      organizationId,
    ),
  team: (identity, _, organizationId, id) =>
    identity.first<Named>(
      `SELECT name, organization_id FROM teams WHERE id = ?1 AND deleted_at IS NULL AND (organization_id = ?2
         OR EXISTS (SELECT 1 FROM team_shares WHERE team_id = ?1 AND team_shares.organization_id = ?2))`,
      id,
      organizationId,
    ),
  organization: async (identity, database, organizationId, id) =>
    (await isPartner(identity, database, organizationId, id))
      ? identity.first<Named>('SELECT name, id AS organization_id FROM organizations WHERE id = ?', id)
      : null,
};

/** Whether two organizations share a room or a team, in either direction. Deleted ones do not count. */
export async function isPartner(
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  organizationId: string,
  partnerId: string,
): Promise<boolean> {
  const sharesRoom = await database.first(
    `SELECT 1 FROM room_shares JOIN rooms ON rooms.id = room_shares.room_id AND rooms.deleted_at IS NULL
     WHERE room_shares.organization_id IN (?1, ?2) AND rooms.organization_id IN (?1, ?2)
       AND rooms.organization_id <> room_shares.organization_id LIMIT 1`,
    organizationId,
    partnerId,
  );
  if (sharesRoom !== null) return true;
  const sharesTeam = await identity.first(
    `SELECT 1 FROM team_shares JOIN teams ON teams.id = team_shares.team_id AND teams.deleted_at IS NULL
     WHERE team_shares.organization_id IN (?1, ?2) AND teams.organization_id IN (?1, ?2)
       AND teams.organization_id <> team_shares.organization_id LIMIT 1`,
    organizationId,
    partnerId,
  );
  return sharesTeam !== null;
}
