/** Canned replies are in the first database, with the users and teams whose they are. */

import type { IdIndex } from '../chats/id-walk.ts';
import { idRange, type Scan, scan } from '../chats/scan.ts';
import type { IdentityDatabase, Statement } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { CannedReplyRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';

/** Most canned replies of a user, of a team, and of an organization: clients load all that their user sees. */
export const MOST_CANNED_REPLIES = 500;

const OF_OWNER: IdIndex = {
  table: 'canned_replies',
  name: 'canned_replies_of_owner',
  owner: 'owner_id',
  id: 'id',
  where: 'organization_id = ?4',
};
const COLUMNS = [
  'organization_id',
  'visibility',
  'owner_id',
  'shortcut',
  'message',
  'updated_by_user_id',
  'created_at',
  'updated_at',
] as const satisfies readonly Exclude<keyof CannedReplyRow, 'id'>[];
type Column = (typeof COLUMNS)[number];

/** Lists the replies of these owners (a user, their teams, their organization) by their ids, oldest first. */
export async function listCannedReplies(
  identity: IdentityDatabase,
  organizationId: string,
  ownerIds: readonly string[],
  keyset: Keyset,
): Promise<Scan<CannedReplyRow>> {
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, `reply.${name}`])) as Record<Column, string>;
  const listing = {
    sources: [...new Set(ownerIds)].map((owner) => ({ index: OF_OWNER, owner })),
    columns,
    joins: 'CROSS JOIN canned_replies AS reply ON reply.id = walk.id',
    match: null,
    rowsOfId: 1,
    parameters: [organizationId],
  };
  const found = await scan<Column>(identity, listing, idRange(keyset, false), keyset.limit);
  return found as Scan<unknown> as Scan<CannedReplyRow>;
}

/** Whose replies are meant: those of these owners, and with `everyTeam` of each team of the organization. */
export type ReplyOwners = { ids: readonly string[]; everyTeam: boolean };

const ITS = `id = ? AND organization_id = ? AND (owner_id IN (SELECT value FROM json_each(?)) OR (? AND visibility = 'team'))`;

const valuesOf = (organizationId: string, { ids, everyTeam }: ReplyOwners, id: string) =>
  [id, organizationId, JSON.stringify(ids), everyTeam ? 1 : 0] as const;

/** A reply of one of these owners; null when they have none with this id. */
export function findCannedReply(
  identity: IdentityDatabase,
  organizationId: string,
  owners: ReplyOwners,
  id: string,
): Promise<CannedReplyRow | null> {
  return identity.first<CannedReplyRow>(
    `SELECT * FROM canned_replies WHERE ${ITS}`,
    ...valuesOf(organizationId, owners, id),
  );
}

/** `taken`: the owner has another reply with the shortcut. `full`: the owner has the maximum. */
export type CannedReplyPut =
  | { ok: true; reply: CannedReplyRow }
  | { ok: false; reason: 'taken' | 'full' | 'not_found' };

/** Adds a reply. The caller has checked its owner. Any number of requests at once stays within the maximum. */
export async function insertCannedReply(
  identity: IdentityDatabase,
  organizationId: string,
  reply: Omit<CannedReplyRow, 'organization_id' | 'updated_at'>,
): Promise<CannedReplyPut> {
  const { id, visibility, owner_id, shortcut, message, updated_by_user_id, created_at } = reply;
  const [inserted = [], taken = []] = await identity.batch([
    [
      `INSERT INTO canned_replies
         (id, organization_id, visibility, owner_id, shortcut, message, updated_by_user_id, created_at, updated_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8
       WHERE (SELECT count(*) FROM canned_replies WHERE owner_id = ?4) < ${MOST_CANNED_REPLIES}
       ON CONFLICT (owner_id, shortcut) DO NOTHING RETURNING *`,
      id,
      organizationId,
      visibility,
      owner_id,
      shortcut,
      message,
      updated_by_user_id,
      created_at,
    ],
    ['SELECT 1 FROM canned_replies WHERE owner_id = ? AND shortcut = ? AND id <> ?', owner_id, shortcut, id],
  ]);
  const [row] = inserted as CannedReplyRow[];
  if (row !== undefined) return { ok: true, reply: row };
  return { ok: false, reason: taken.length > 0 ? 'taken' : 'full' };
}

export type CannedReplyChanges = { shortcut?: string | undefined; message?: string | undefined };

/** Changes a reply of one of these owners. */
export async function updateCannedReply(
  identity: IdentityDatabase,
  organizationId: string,
  owners: ReplyOwners,
  id: string,
  changes: CannedReplyChanges,
  by: { user_id: string; now: number },
): Promise<CannedReplyPut> {
  const { set, parameters } = assignments({ ...changes, updated_by_user_id: by.user_id, updated_at: by.now });
  const [updated = [], known = []] = await identity.batch([
    [
      `UPDATE canned_replies SET ${set} WHERE ${ITS} AND NOT EXISTS (
         SELECT 1 FROM canned_replies AS other
         WHERE other.owner_id = canned_replies.owner_id AND other.shortcut = ? AND other.id <> canned_replies.id)
       RETURNING *`,
      ...parameters,
      ...valuesOf(organizationId, owners, id),
      changes.shortcut ?? null,
    ],
    [`SELECT 1 FROM canned_replies WHERE ${ITS}`, ...valuesOf(organizationId, owners, id)],
  ]);
  const [row] = updated as CannedReplyRow[];
  if (row !== undefined) return { ok: true, reply: row };
  return { ok: false, reason: known.length === 0 ? 'not_found' : 'taken' };
}

/** Deletes a reply of one of these owners. False when they have none with this id. */
export async function deleteCannedReply(
  identity: IdentityDatabase,
  organizationId: string,
  owners: ReplyOwners,
  id: string,
): Promise<boolean> {
  const { changes } = await identity.run(
    `DELETE FROM canned_replies WHERE ${ITS}`,
    ...valuesOf(organizationId, owners, id),
  );
  return changes > 0;
}

/** Deletes the replies of a user or a team that is deleted: for the batch of their deletion, after it. */
export function deleteRepliesOf(owners: 'users' | 'teams', ownerId: string, organizationId: string): Statement {
  return [
    `DELETE FROM canned_replies WHERE owner_id = ?1 AND organization_id = ?2
       AND EXISTS (SELECT 1 FROM ${owners} WHERE id = ?1 AND deleted_at IS NOT NULL)`,
    ownerId,
    organizationId,
  ];
}
