import type { IdentityDatabase, OrganizationDatabase, Statement } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { OrganizationRow, RouterRow, RouterTargetKind, RouterTargetRow } from '../db/rows.ts';
import { assignments } from './assignments.ts';
import { changing } from './changes.ts';
import { type Inserted, insertBelow, isBelow } from './quotas.ts';

/**
 * A target of a router: all users of its organization, one user, one team or one partner. `id` is null only for `all`.
 * `all` and `organization` mean people, and bots only with `include_bots`; users and the members of teams are named.
 */
export type RouterTarget = { kind: RouterTargetKind; id: string | null; include_bots: boolean };

/** A router with its targets in order, and its rooms by id. */
export type Router = RouterRow & { targets: RouterTarget[]; room_ids: string[] };

/** Lists the routers of the organization by id. */
export async function listRouters(
  database: OrganizationDatabase,
  organizationId: string,
  keyset: Keyset,
): Promise<Router[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  const rows = await database.all<RouterRow>(
    `SELECT * FROM routers WHERE organization_id = ? AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    ...parameters,
  );
  return wholeRouters(database, rows);
}

/** A router of the organization; null when there is none. */
export async function findRouter(
  database: OrganizationDatabase,
  organizationId: string,
  routerId: string,
): Promise<Router | null> {
  const rows = await database.all<RouterRow>(
    'SELECT * FROM routers WHERE id = ? AND organization_id = ?',
    routerId,
    organizationId,
  );
  return (await wholeRouters(database, rows))[0] ?? null;
}

async function wholeRouters(database: OrganizationDatabase, rows: readonly RouterRow[]): Promise<Router[]> {
  if (rows.length === 0) return [];
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const [targets = [], rooms = []] = (await database.batch([
    [
      'SELECT * FROM router_targets WHERE router_id IN (SELECT value FROM json_each(?)) ORDER BY router_id, position',
      ids,
    ],
    [
      `SELECT router_id, room_id FROM room_routers WHERE router_id IN (SELECT value FROM json_each(?))
       ORDER BY router_id, room_id`,
      ids,
    ],
  ])) as [RouterTargetRow[], { router_id: string; room_id: string }[]];
  return rows.map((row) => ({
    ...row,
    targets: targets
      .filter(({ router_id }) => router_id === row.id)
      .map(({ kind, target_id, include_bots }) => ({ kind, id: target_id, include_bots: include_bots === 1 })),
    room_ids: rooms.filter(({ router_id }) => router_id === row.id).map(({ room_id }) => room_id),
  }));
}

export type NewRouter = Pick<RouterRow, 'id' | 'name' | 'created_at'> & {
  targets: readonly RouterTarget[];
  room_ids: readonly string[];
};

/**
 * Adds a router to an organization that has fewer than `limit`. Rooms of other organizations are ignored. Refused when
 * the id is taken.
 */
export function insertRouter(
  database: OrganizationDatabase,
  organizationId: string,
  router: NewRouter,
  limit: number,
): Promise<Inserted<Router>> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const quota = { name: 'routers', limit } as const;
    // The router's row is written last, so that the statements before it can check whether it may be added.
    const isFree = `NOT EXISTS (SELECT 1 FROM routers WHERE id = ?1) AND ${isBelow(quota)}`;
    const before: Statement[] = [
      [...insertTargets(isFree, organizationId, router.id, router.targets), organizationId],
      [...insertRooms(isFree, organizationId, router.id, router.room_ids), organizationId],
    ];
    const insert: Statement = [
      `INSERT INTO routers (id, organization_id, name, created_at, updated_at) SELECT ?, ?, ?, ?, ? WHERE ${isBelow(quota)}
       ON CONFLICT DO NOTHING RETURNING *`,
      router.id,
      organizationId,
      router.name,
      router.created_at,
      router.created_at,
      organizationId,
    ];
    const added = await insertBelow<RouterRow>(database, quota, organizationId, insert, { before });
    if (!added.ok) return added;
    const [row] = await wholeRouters(database, [added.row]);
    if (row === undefined) throw new Error('a router is whole');
    return { ok: true, row };
  });
}

export type RouterChanges = {
  name?: string | undefined;
  targets?: readonly RouterTarget[] | undefined;
  room_ids?: readonly string[] | undefined;
};

/** Changes a router; targets and rooms are replaced as a whole. Null when the organization has no such router. */
export function updateRouter(
  database: OrganizationDatabase,
  organizationId: string,
  routerId: string,
  { targets, room_ids, name }: RouterChanges,
  now: number,
): Promise<Router | null> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const { set, parameters } = assignments({ name, updated_at: now });
    await database.batch([
      [`UPDATE routers SET ${set} WHERE id = ? AND organization_id = ?`, ...parameters, routerId, organizationId],
      ...(targets === undefined
        ? []
        : [
            [`DELETE FROM router_targets WHERE router_id = ${OWN_ROUTER}`, routerId, organizationId] as const,
            insertTargets(`EXISTS ${OWN_ROUTER}`, organizationId, routerId, targets),
          ]),
      ...(room_ids === undefined
        ? []
        : [
            [`DELETE FROM room_routers WHERE router_id = ${OWN_ROUTER}`, routerId, organizationId] as const,
            insertRooms(`EXISTS ${OWN_ROUTER}`, organizationId, routerId, room_ids),
          ]),
    ]);
    return findRouter(database, organizationId, routerId);
  });
}

/**
 * Deletes a router. A room without any router is routed to all users of its organization again. False when there is no
 * such router.
 */
export function deleteRouter(
  database: OrganizationDatabase,
  organizationId: string,
  routerId: string,
): Promise<boolean> {
  return changing({ kind: 'routing', organization_ids: [organizationId] }, async () => {
    const results = await database.batch([
      [`DELETE FROM router_targets WHERE router_id = ${OWN_ROUTER}`, routerId, organizationId],
      [`DELETE FROM room_routers WHERE router_id = ${OWN_ROUTER}`, routerId, organizationId],
      ['DELETE FROM routers WHERE id = ? AND organization_id = ? RETURNING id', routerId, organizationId],
    ]);
    return results.at(-1)?.length === 1;
  });
}

const OWN_ROUTER = '(SELECT id FROM routers WHERE id = ?1 AND organization_id = ?2)';

/** In both conditions the router is ?1 and the organization ?2. */
function insertTargets(
  condition: string,
  organizationId: string,
  routerId: string,
  targets: readonly RouterTarget[],
): Statement {
  return [
    `INSERT INTO router_targets (router_id, position, kind, target_id, include_bots)
     SELECT ?1, target.key, target.value ->> 'kind', target.value ->> 'id', target.value ->> 'include_bots' FROM json_each(?3) AS target
     WHERE ?2 IS NOT NULL AND ${condition}`,
    routerId,
    organizationId,
    JSON.stringify(targets),
  ];
}

function insertRooms(
  condition: string,
  organizationId: string,
  routerId: string,
  roomIds: readonly string[],
): Statement {
  return [
    `INSERT INTO room_routers (room_id, router_id)
     SELECT rooms.id, ?1 FROM rooms
     WHERE rooms.id IN (SELECT value FROM json_each(?3)) AND rooms.organization_id = ?2 AND ${condition}`,
    routerId,
    organizationId,
    JSON.stringify(roomIds),
  ];
}

/** Those of the given rooms that the organization never had. Deleted rooms keep their routers. */
export async function findUnknownRooms(
  database: OrganizationDatabase,
  organizationId: string,
  roomIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.all<{ id: string }>(
    'SELECT id FROM rooms WHERE id IN (SELECT value FROM json_each(?)) AND organization_id = ?',
    JSON.stringify(roomIds),
    organizationId,
  );
  const known = new Set(rows.map(({ id }) => id));
  return new Set(roomIds.filter((id) => !known.has(id)));
}

/**
 * The indexes of the targets that a router of the organization may not name: users of others, teams that are neither
 * its own nor shared with it, and organizations that do not exist, are stored in another database or are itself.
 */
export async function findUnknownTargets(
  identity: IdentityDatabase,
  organization: Pick<OrganizationRow, 'id' | 'database'>,
  targets: readonly RouterTarget[],
): Promise<number[]> {
  const rows = await identity.all<{ place: number }>(
    `SELECT target.key AS place FROM json_each(?3) AS target
     WHERE NOT CASE target.value ->> 'kind'
       WHEN 'all' THEN TRUE
       WHEN 'user' THEN EXISTS (SELECT 1 FROM users
         WHERE users.id = target.value ->> 'id' AND users.organization_id = ?1 AND users.deleted_at IS NULL)
       WHEN 'team' THEN EXISTS (SELECT 1 FROM teams
         WHERE teams.id = target.value ->> 'id' AND teams.deleted_at IS NULL AND (teams.organization_id = ?1
           OR EXISTS (SELECT 1 FROM team_shares WHERE team_shares.team_id = teams.id AND team_shares.organization_id = ?1)))
       ELSE EXISTS (SELECT 1 FROM organizations
         WHERE organizations.id = target.value ->> 'id' AND organizations.id <> ?1 AND organizations.database = ?2)
     END`,
    organization.id,
    organization.database,
    JSON.stringify(targets),
  );
  return rows.map(({ place }) => place);
}
