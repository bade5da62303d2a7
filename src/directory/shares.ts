import type { Statement } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import { changing } from './changes.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';

/** What can be shared, with its database, tables and columns. */
const SHARED = {
  room: { holder: 'organization', owners: 'rooms', shares: 'room_shares', key: 'room_id' },
  team: { holder: 'identity', owners: 'teams', shares: 'team_shares', key: 'team_id' },
} as const;

export type SharedKind = keyof typeof SHARED;

/** `organization_id`: the partner. `created_at` in ms. */
export type Share = { organization_id: string; created_at: number };

/** Deleted ones too: the chats of a deleted room stay visible to its partners until the sharing ends. */
const ownedOne = (owners: string) => `(SELECT id FROM ${owners} WHERE id = ? AND organization_id = ?)`;

/**
 * The partners with which a room or team is shared, by their ids. Null when the organization never had such a room or
 * team.
 */
export async function listShares(
  databases: DirectoryDatabases,
  kind: SharedKind,
  organizationId: string,
  id: string,
  keyset: Keyset,
): Promise<Share[] | null> {
  const { holder, owners, shares, key } = SHARED[kind];
  const { where, orderBy, parameters } = keysetClauses({ columns: ['organization_id'], descending: false }, keyset);
  const [owned = [], rows = []] = await databases[holder].batch([
    [`SELECT 1 WHERE EXISTS ${ownedOne(owners)}`, id, organizationId],
    [
      `SELECT organization_id, created_at FROM ${shares} WHERE ${key} = ${ownedOne(owners)} AND ${where} ORDER BY ${orderBy}`,
      id,
      organizationId,
      ...parameters,
    ],
  ]);
  return owned.length === 0 ? null : (rows as Share[]);
}

/**
 * Shares a room or team with a partner, once. Null when the organization has no such room or team, or has deleted it.
 */
export function insertShare(
  databases: DirectoryDatabases,
  kind: SharedKind,
  organizationId: string,
  id: string,
  share: Share,
): Promise<{ share: Share; isNew: boolean } | null> {
  return changing({ kind: 'routing', organization_ids: [organizationId, share.organization_id] }, async () => {
    const { holder, owners, shares, key } = SHARED[kind];
    const again: Statement = [
      `DELETE FROM ended_shares WHERE room_id = ?1 AND organization_id = ?2
       AND EXISTS (SELECT 1 FROM room_shares WHERE room_id = ?1 AND organization_id = ?2)`,
      id,
      share.organization_id,
    ];
    const [inserted = [], known = []] = await databases[holder].batch([
      [
        `INSERT INTO ${shares} (${key}, organization_id, created_at)
       SELECT id, ?, ? FROM ${owners} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL
       ON CONFLICT DO NOTHING RETURNING *`,
        share.organization_id,
        share.created_at,
        id,
        organizationId,
      ],
      [
        `SELECT organization_id, created_at FROM ${shares} WHERE organization_id = ? AND ${key} =
         (SELECT id FROM ${owners} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL)`,
        share.organization_id,
        id,
        organizationId,
      ],
      ...(kind === 'room' ? [again] : []),
    ]);
    const row = known[0] as Share | undefined;
    return row === undefined ? null : { share: row, isNew: inserted.length > 0 };
  });
}

/**
 * Ends the sharing. False when the organization never had the room or team, or does not share it with the partner. Of a
 * room it notes at `now` (ms) that the partner's silent members are to leave (delivery/end-silent-memberships.ts).
 */
export function deleteShare(
  databases: DirectoryDatabases,
  kind: SharedKind,
  organizationId: string,
  id: string,
  partnerId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'routing', organization_ids: [organizationId, partnerId] }, async () => {
    const { holder, owners, shares, key } = SHARED[kind];
    const which = `WHERE ${shares}.organization_id = ?1 AND ${key} = (SELECT id FROM ${owners} WHERE id = ?2 AND organization_id = ?3)`;
    const named = [partnerId, id, organizationId] as const;
    const noted: Statement = [
      `INSERT INTO ended_shares (room_id, organization_id, ended_at, after_chat)
     SELECT room_id, organization_id, ?4, '' FROM room_shares ${which}
     ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, after_chat = ''`,
      ...named,
      now,
    ];
    const deleted: Statement = [`DELETE FROM ${shares} ${which} RETURNING 1`, ...named];
    const results = await databases[holder].batch(kind === 'room' ? [noted, deleted] : [deleted]);
    return (results.at(-1) ?? []).length > 0;
  });
}
