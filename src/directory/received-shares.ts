import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { ReceivedShare, Share } from '../resources/share.ts';
import { listOrganizationNames } from './organizations.ts';
import type { DirectoryDatabases } from './read-routed-rooms.ts';
import { SHARED, type SharedKind } from './shares.ts';

type Row = Omit<ReceivedShare, 'organization_name'>;

/** What others share with an organization or offer to it, by the ids of the rooms or teams. */
export async function listReceivedShares(
  databases: DirectoryDatabases,
  kind: SharedKind,
  partnerId: string,
  keyset: Keyset,
): Promise<ReceivedShare[]> {
  const sources = [sharedWith(kind), offeredTo(kind)].map((source) => {
    const page = keysetClauses({ columns: [source.id], descending: false }, keyset);
    const sql = `SELECT * FROM (${source.sql} AND ${page.where} ORDER BY ${page.orderBy})`;
    return { sql, parameters: [partnerId, ...page.parameters] };
  });
  const { orderBy } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  const rows = await databases[SHARED[kind].holder].all<Row>(
    `SELECT * FROM (${sources.map(({ sql }) => sql).join(' UNION ALL ')}) ORDER BY ${orderBy}`,
    ...sources.flatMap(({ parameters }) => parameters),
  );
  return withOwners(databases, rows);
}

/** One of them; null when there is none. */
export async function findReceivedShare(
  databases: DirectoryDatabases,
  kind: SharedKind,
  partnerId: string,
  id: string,
): Promise<ReceivedShare | null> {
  const sources = [sharedWith(kind), offeredTo(kind)];
  const rows = await databases[SHARED[kind].holder].all<Row>(
    sources.map((source) => `${source.sql} AND ${source.id} = ?`).join(' UNION ALL '),
    ...sources.flatMap(() => [partnerId, id]),
  );
  return (await withOwners(databases, rows))[0] ?? null;
}

const columnsOf = (owners: string, status: Share['status']) =>
  `${owners}.id, ${owners}.name, ${owners}.organization_id, ${owners}.deleted_at, '${status}' AS status`;

/** The parameter is the partner. */
function sharedWith(kind: SharedKind): { sql: string; id: string } {
  const { owners, shares, key } = SHARED[kind];
  const id = `${shares}.${key}`;
  const sql = `SELECT ${columnsOf(owners, 'shared')}, ${shares}.created_at FROM ${shares}
    CROSS JOIN ${owners} ON ${owners}.id = ${id} WHERE ${shares}.organization_id = ?`;
  return { sql, id };
}

function offeredTo(kind: SharedKind): { sql: string; id: string } {
  const { owners } = SHARED[kind];
  const sql = `SELECT ${columnsOf(owners, 'offered')}, share_offers.created_at FROM share_offers
    CROSS JOIN ${owners} ON ${owners}.id = share_offers.id WHERE share_offers.kind = '${kind}' AND share_offers.partner_id = ?`;
  return { sql, id: 'share_offers.id' };
}

async function withOwners({ identity }: DirectoryDatabases, rows: readonly Row[]): Promise<ReceivedShare[]> {
  const names = await listOrganizationNames(identity, [...new Set(rows.map((row) => row.organization_id))]);
  return rows.map((row) => ({ ...row, organization_name: names.get(row.organization_id) ?? '' }));
}
