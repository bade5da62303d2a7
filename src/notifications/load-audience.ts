import type { Cost } from '../db/cost.ts';
import { type DatabaseOwner, db } from '../db/database.ts';
import { findSubscriptionRows, partnersOfRoom, type SubscriptionRow } from '../directory/subscriptions.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { installationReceiver } from '../resources/receiver.ts';
import { compilePattern } from '../resources/topic.ts';
import type { Audience, Installation, Subscription } from './audience.ts';
import { needRoutedRooms, subscriberFor } from './load-subscriber.ts';
import { purgeRoutedRooms, routedRoomsOf } from './routed-rooms-cache.ts';

/** Who listens in one organization. */
type OrganizationAudience = { installations: readonly Installation[]; live_since: number | null };

const bounds = { clock: () => Date.now(), limit: 10_000, staleFor: STALE_FOR };
const organizations = createIsolateCache<OrganizationAudience>(bounds);
const partners = createIsolateCache<string[]>(bounds);

/** The organizations whose apps and hubs may see what happens in a thread, and the rooms whose partners may too. The database is the rooms'. */
export type AudienceScope = { organization_ids: readonly string[]; room_ids: readonly string[] } & DatabaseOwner;

/**
 * Who is to be told of what happens in a thread: at most AUTH_CACHE_SECONDS old, up to 10 minutes while D1 cannot be reached. Rejects
 * when D1 cannot be reached and this isolate does not know.
 */
export async function loadAudience(env: Env, cost: Cost, scope: AudienceScope): Promise<Audience> {
  const { organization_ids, room_ids } = scope;
  const shares = await Promise.all(room_ids.map((id) => loadPartners(env, cost, scope, id)));
  // In one order whoever acts, so that the thread which stores it does not store it anew with each command.
  const ids = [...new Set([...organization_ids, ...shares.flat()])].sort();
  const found = await Promise.all(
    ids.map(async (id) => ({ id, ...((await loadOrganization(env, cost, id)) ?? NOBODY) })),
  );
  return {
    installations: found.flatMap(({ installations }) => installations),
    hubs: found.flatMap(({ id, live_since }) =>
      live_since === null ? [] : [{ organization_id: id, since: live_since }],
    ),
  };
}

/** For how long (ms) `loadAudience` may answer what was so before; longer only while D1 cannot be reached. */
export function audienceLasts(env: Env): number {
  return cacheTimeToLive(env);
}

const NOBODY: OrganizationAudience = { installations: [], live_since: null };

/**
 * Forgets in this isolate who listens and what is routed to whom; others forget it when their copy is AUTH_CACHE_SECONDS old. All of
 * it, because one app, router or share concerns several organizations, and such changes are rare.
 */
export function purgeAudience(): void {
  purgeRoutedRooms();
  organizations.purgeWhere(() => true);
  partners.purgeWhere(() => true);
}

async function loadPartners(env: Env, cost: Cost, owner: DatabaseOwner, roomId: string): Promise<string[]> {
  const load = () => partnersOfRoom(db(env, owner, cost), roomId);
  return (await partners.get(roomId, cacheTimeToLive(env), load)) ?? [];
}

/** One trip, and two more for all reaches together when a topic needs any and this isolate does not know them. */
function loadOrganization(env: Env, cost: Cost, organizationId: string): Promise<OrganizationAudience | null> {
  return organizations.get(organizationId, cacheTimeToLive(env), async () => {
    const identity = db(env, null, cost);
    const { database, subscriptions, live_since } = await findSubscriptionRows(identity, organizationId, Date.now());
    if (database === null) return NOBODY;
    const subscribed = Array.from(
      Map.groupBy(subscriptions, ({ installation_id }) => installation_id),
      ([id, rows]) => {
        const own = rows.flatMap((row) => subscriptionOf(row, organizationId) ?? []);
        return { id, facts: factsOf(rows, organizationId), subscriptions: own };
      },
    ).filter((each) => each.subscriptions.length > 0);
    const topicsOf = (own: readonly Subscription[]) => own.map(({ channel: topic }) => topic);
    const needsAny = subscribed.some((each) => needRoutedRooms(topicsOf(each.subscriptions)));
    const routed = needsAny ? await routedRoomsOf(env, cost, { id: organizationId, database }) : null;
    const installations = subscribed.map(
      ({ id, facts, subscriptions: own }): Installation => ({
        receiver: installationReceiver(id),
        listener: subscriberFor(routed, facts, topicsOf(own)),
        subscriptions: own,
      }),
    );
    return { installations, live_since };
  });
}

function factsOf(rows: readonly SubscriptionRow[], organization_id: string) {
  const [row] = rows;
  const scopes = JSON.parse(row?.allowed_scopes ?? '[]') as string[];
  return {
    organization_id,
    user_id: row?.user_id ?? null,
    has_reports: scopes.includes('reports'),
    keeps_private_history: row?.private_chat_history === 1,
  };
}

/** Null for a pattern that means nothing here: of a bot user who is not there. */
function subscriptionOf(row: SubscriptionRow, organizationId: string): Subscription | null {
  const topic = compilePattern(row.channel_pattern, { organization_id: organizationId, user_id: row.user_id });
  if (topic === null) return null;
  const { id: webhook_id, on_added, on_changed, on_removed } = row;
  return {
    webhook_id,
    channel: topic,
    on_added: on_added === 1,
    on_changed: on_changed === 1,
    on_removed: on_removed === 1,
  };
}
