import { idRange, type Listing, type Scan, scan } from '../chats/scan.ts';
import type { DeliveryLog, IdentityDatabase, OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { DeliveryRow } from '../db/rows.ts';
import type { NamedReceiver } from '../resources/delivery.ts';
import { channelReceiver, installationReceiver, type Receiver } from '../resources/receiver.ts';
import { ALL, DELIVERY_COLUMNS, type DeliveryFilter, UNDELIVERED } from './delivery-log.ts';

/** Most receivers of each kind that are looked at, the newest. An organization has fewer channels by its quota. */
const MOST_RECEIVERS = 1000;

/** The channels of an organization and the apps that it has installed, by their receivers; deleted ones are left out. */
export async function receiversOf(
  identity: IdentityDatabase,
  database: OrganizationDatabase,
  organizationId: string,
): Promise<Map<Receiver, NamedReceiver>> {
  const [channels, installations] = await Promise.all([
    database.all<{ id: string; name: string }>(
      `SELECT id, name FROM channels INDEXED BY channels_by_created_at
       WHERE organization_id = ? AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ${MOST_RECEIVERS}`,
      organizationId,
    ),
    identity.all<{ id: string; name: string }>(
      `SELECT installation.id, apps.name FROM (
         SELECT id, app_id FROM app_installations INDEXED BY app_installations_by_created_at
         WHERE organization_id = ? AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ${MOST_RECEIVERS}
       ) AS installation JOIN apps ON apps.id = installation.app_id`,
      organizationId,
    ),
  ]);
  return new Map<Receiver, NamedReceiver>([
    ...channels.map((channel) => [channelReceiver(channel.id), { type: 'channel', ...channel }] as const),
    ...installations.map((one) => [installationReceiver(one.id), { type: 'installation', ...one }] as const),
  ]);
}

/** Times in ms, both exclusive. */
export type OrganizationDeliveryFilter = DeliveryFilter & {
  chat_id?: string | undefined;
  created_at_after?: number | undefined;
  created_at_before?: number | undefined;
};

type Column = keyof typeof DELIVERY_COLUMNS;

/**
 * Lists deliveries of several receivers of an organization, newest first, merged along their keys: no index is kept for it.
 * The keyset's key is the id. A filter without an index may end a page early.
 */
export async function listDeliveriesOf(
  log: DeliveryLog,
  organizationId: string,
  receivers: readonly Receiver[],
  filter: OrganizationDeliveryFilter,
  keyset: Keyset,
): Promise<Scan<DeliveryRow>> {
  const isIndexed = filter.status !== undefined && filter.status !== 'delivered';
  // The status comes first: it is ?5 of the index.
  const chosen = (['status', 'thread_id', 'event_type', 'chat_id'] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ column, value }];
  });
  const conditions = chosen.map(({ column }, place) => `delivery.${column} = ?${5 + place}`).slice(isIndexed ? 1 : 0);
  const columns = Object.keys(DELIVERY_COLUMNS) as Column[];
  // Several sources tell the owner of each id; one alone has it as a column.
  const owner = receivers.length === 1 ? 'walk.receiver' : 'walk.owner';
  const listing: Listing<Column> = {
    sources: receivers.map((receiver) => ({ index: isIndexed ? UNDELIVERED : ALL, owner: receiver })),
    carried: receivers.length === 1 ? ['receiver'] : [],
    columns: Object.fromEntries(columns.map((name) => [name, `delivery.${name}`])) as Record<Column, string>,
    joins: `CROSS JOIN deliveries AS delivery ON delivery.receiver = ${owner} AND delivery.id = walk.id`,
    match: conditions.length === 0 ? null : conditions.join(' AND '),
    rowsOfId: 1,
    parameters: [organizationId, ...chosen.map(({ value }) => value)],
  };
  const made = { after: filter.created_at_after, before: filter.created_at_before };
  const found = await scan(log, listing, idRange(keyset, true, made), keyset.limit);
  return found as Scan<unknown> as Scan<DeliveryRow>;
}
