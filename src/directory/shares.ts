import type { Statement } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { Share } from '../resources/share.ts';
import { type AuditEntry, auditOfRow } from './audit-log.ts';
import { changing } from './changes.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';

/**
 * What can be shared, with its database, tables and columns. An offer is in the same database as what it offers, so that
 * accepting it is one transaction.
 */
export const SHARED = {
  room: { holder: 'organization', owners: 'rooms', shares: 'room_shares', key: 'room_id' },
  team: { holder: 'identity', owners: 'teams', shares: 'team_shares', key: 'team_id' },
} as const;

export type SharedKind = keyof typeof SHARED;

/** Most rooms, and most teams, that an organization offers at the same time. */
export const MOST_OFFERS = 100;

/** A room or team with its owner and a partner. */
export type SharedThing = { kind: SharedKind; id: string; owner_id: string; partner_id: string };

/** Deleted ones too: the chats of a deleted room stay visible to its partners until the sharing ends. */
const ownedOne = (owners: string) => `(SELECT id FROM ${owners} WHERE id = ? AND organization_id = ?)`;

/**
 * The partners with which a room or team is shared, or to which it is offered, by their ids. Null when the organization
 * never had such a room or team.
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
      `SELECT * FROM (
         SELECT organization_id, 'shared' AS status, created_at FROM ${shares} WHERE ${key} = ${ownedOne(owners)}
         UNION ALL SELECT partner_id, 'offered', created_at FROM share_offers
           WHERE organization_id = ? AND kind = '${kind}' AND id = ?)
       WHERE ${where} ORDER BY ${orderBy}`,
      id,
      organizationId,
      organizationId,
      id,
      ...parameters,
    ],
  ]);
  return owned.length === 0 ? null : (rows as Share[]);
}

/** The share or the offer of a room or team; its parameters are partner and id, twice. */
const standing = (kind: SharedKind) =>
  `SELECT organization_id, 'shared' AS status, created_at FROM ${SHARED[kind].shares}
     WHERE organization_id = ? AND ${SHARED[kind].key} = ?
   UNION ALL SELECT partner_id, 'offered', created_at FROM share_offers
     WHERE partner_id = ? AND kind = '${kind}' AND id = ?`;

export type Offered = { ok: true; share: Share; isNew: boolean } | { ok: false; reason: 'not_found' | 'full' };

/**
 * Offers a room or team to a partner, once; what is shared already stays so. `now` in ms. Any number of requests at once
 * stays within MOST_OFFERS.
 */
export async function offerShare(
  databases: DirectoryDatabases,
  { kind, id, owner_id, partner_id }: SharedThing,
  now: number,
): Promise<Offered> {
  const { holder, owners, shares, key } = SHARED[kind];
  const own = `FROM ${owners} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL`;
  const [offered = [], known = [], owned = []] = await databases[holder].batch([
    [
      `INSERT INTO share_offers (partner_id, kind, id, organization_id, created_at)
       SELECT ?, '${kind}', id, organization_id, ? ${own}
         AND NOT EXISTS (SELECT 1 FROM ${shares} WHERE ${key} = ${owners}.id AND organization_id = ?)
         AND (SELECT count(*) FROM share_offers WHERE organization_id = ? AND kind = '${kind}') < ${MOST_OFFERS}
       ON CONFLICT DO NOTHING RETURNING 1`,
      ...[partner_id, now, id, owner_id, partner_id, owner_id],
    ],
    [standing(kind), partner_id, id, partner_id, id],
    [`SELECT 1 ${own}`, id, owner_id],
  ]);
  if (owned.length === 0) return { ok: false, reason: 'not_found' };
  const [share] = known as Share[];
  return share === undefined ? { ok: false, reason: 'full' } : { ok: true, share, isNew: offered.length > 0 };
}

/** When a share begins or ends (ms), and the entry of that for the audit log of the other organization. */
export type ShareChange = { now: number; told?: AuditEntry };

/**
 * Shares a room or team with a partner, once, which ends its offer. `isAccepting`: only what is offered. Null when it is
 * neither shared nor offered, and when the owner has no such room or team, or has deleted it. So of an acceptance and a
 * withdrawal at the same time one finds what the other has left.
 */
export function insertShare(
  databases: DirectoryDatabases,
  { kind, id, owner_id, partner_id }: SharedThing,
  { now, told, isAccepting = false }: ShareChange & { isAccepting?: boolean },
): Promise<{ share: Share; isNew: boolean } | null> {
  return changing({ kind: 'routing', organization_ids: [owner_id, partner_id] }, async () => {
    const { holder, owners, shares, key } = SHARED[kind];
    const own = `FROM ${owners} WHERE id = ? AND organization_id = ? AND deleted_at IS NULL`;
    const isOffered = `EXISTS (SELECT 1 FROM share_offers WHERE partner_id = ? AND kind = '${kind}' AND id = ${owners}.id)`;
    const added = `${own} AND NOT EXISTS (SELECT 1 FROM ${shares} WHERE ${key} = ${owners}.id AND organization_id = ?)
      ${isAccepting ? `AND ${isOffered}` : ''}`;
    const parameters = [id, owner_id, partner_id, ...(isAccepting ? [partner_id] : [])];
    const isShared = `EXISTS (SELECT 1 FROM ${shares} WHERE ${key} = ?1 AND organization_id = ?2)`;
    const again: Statement = [
      `DELETE FROM ended_shares WHERE room_id = ?1 AND organization_id = ?2 AND ${isShared}`,
      ...[id, partner_id],
    ];
    const telling = told === undefined ? [] : [auditOfRow(told, added, ...parameters)];
    const results = await databases[holder].batch([
      ...telling,
      [
        `INSERT INTO ${shares} (${key}, organization_id, created_at) SELECT id, ?, ? ${added} RETURNING 1`,
        ...[partner_id, now, ...parameters],
      ],
      [
        `DELETE FROM share_offers WHERE id = ?1 AND partner_id = ?2 AND kind = '${kind}' AND ${isShared}`,
        ...[id, partner_id],
      ],
      ...(kind === 'room' ? [again] : []),
      [
        `SELECT organization_id, 'shared' AS status, created_at FROM ${shares}
         WHERE organization_id = ? AND ${key} = (SELECT id ${own})`,
        ...[partner_id, id, owner_id],
      ],
    ]);
    const row = results.at(-1)?.[0] as Share | undefined;
    return row === undefined ? null : { share: row, isNew: (results[telling.length] ?? []).length > 0 };
  });
}

/**
 * Ends the sharing, or takes the offer back or declines it, whoever of the two does. False when there is neither. Of a
 * room it notes that the partner's silent members are to leave (delivery/end-silent-memberships.ts).
 */
export function endShare(
  databases: DirectoryDatabases,
  { kind, id, owner_id, partner_id }: SharedThing,
  { now, told }: ShareChange,
): Promise<boolean> {
  return changing({ kind: 'routing', organization_ids: [owner_id, partner_id] }, async () => {
    const { holder, owners, shares, key } = SHARED[kind];
    const which = `FROM ${shares} WHERE ${shares}.organization_id = ? AND ${key} = ${ownedOne(owners)}`;
    const named = [partner_id, id, owner_id] as const;
    const noted: Statement = [
      `INSERT INTO ended_shares (room_id, organization_id, ended_at, after_chat)
     SELECT room_id, organization_id, ?, '' ${which}
     ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, after_chat = ''`,
      now,
      ...named,
    ];
    const results = await databases[holder].batch([
      ...(told === undefined ? [] : [auditOfRow(told, which, ...named)]),
      ...(kind === 'room' ? [noted] : []),
      [`DELETE ${which} RETURNING 1`, ...named],
      [
        `DELETE FROM share_offers WHERE partner_id = ? AND kind = '${kind}' AND id = ? AND organization_id = ? RETURNING 1`,
        ...named,
      ],
    ]);
    return results.slice(-2).some((rows) => rows.length > 0);
  });
}

/** Ends the offers of a room or team that is deleted: for the batch of its deletion, after it. */
export function endOffers(kind: SharedKind, id: string, ownerId: string): Statement {
  return [
    `DELETE FROM share_offers WHERE organization_id = ? AND kind = '${kind}' AND id = ?
       AND EXISTS (SELECT 1 FROM ${SHARED[kind].owners} WHERE id = share_offers.id AND deleted_at IS NOT NULL)`,
    ownerId,
    id,
  ];
}
