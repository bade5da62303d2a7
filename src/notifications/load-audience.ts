/**
 * Loads who is notified of a thread's events, from D1 through the isolate's caches. The caches serve old values while
 * D1 is away, so a thread can still commit.
 */

import type { Cost } from '../db/cost.ts';
import { type DatabaseOwner, openIdentityDatabase, openOrganizationDatabase } from '../db/database.ts';
import { createDirectoryCache, type DirectoryChange } from '../directory/changes.ts';
import type { RoutedRooms } from '../directory/routed-rooms.ts';
import {
  findSubscriptionRows,
  partnersOfRoom,
  type RoomPartners,
  type SubscriptionRow,
} from '../directory/subscriptions.ts';
import { cacheTimeToLive } from '../platform/isolate-cache.ts';
import { installationReceiver } from '../resources/receiver.ts';
import { compilePattern } from '../resources/topic.ts';
import type { Audience, Installation, Subscription } from './audience.ts';
import { needRoutedRooms, type SubscriberFacts, subscriberFor } from './load-subscriber.ts';
import { routedRoomsOf } from './routed-rooms-cache.ts';

/** What is read of an organization at a time: its subscriptions, and since when its hub is awake (ms; null: asleep). */
type Listeners = {
  organization_id: string;
  live_since: number | null;
  /** All apps that are installed, also those without a subscription. */
  app_ids: readonly string[];
  subscribed: readonly { id: string; facts: SubscriberFacts; subscriptions: readonly Subscription[] }[];
  /** Whose routed rooms the subscriptions depend on; null: on none. */
  routedIn: { id: string; database: string } | null;
  /** The result with the routed rooms that it was made from. It stays the same object while both parts do. */
  made: { routed: RoutedRooms | null; installations: readonly Installation[] } | null;
};

const organizations = createDirectoryCache<Listeners>({ limit: 10_000, isConcerned: areListenersConcerned });
const partners = createDirectoryCache<RoomPartners>({
  limit: 10_000,
  isConcerned: (change, { owner_id }) =>
    change.kind === 'routing' && owner_id !== null && change.organization_ids.includes(owner_id),
});

function areListenersConcerned(change: DirectoryChange, { organization_id, app_ids, subscribed }: Listeners): boolean {
  switch (change.kind) {
    case 'organization':
    case 'installations':
    case 'hub':
      return change.organization_id === organization_id;
    case 'app':
      return app_ids.includes(change.app_id);
    case 'user':
      return subscribed.some(({ facts }) => facts.user_id === change.user_id);
    default:
      return false;
  }
}

/**
 * The organizations whose apps and hubs may see the result of a command, and the rooms whose partners may see it too.
 * The database is that of the rooms.
 */
export type AudienceScope = { organization_ids: readonly string[]; room_ids: readonly string[] } & DatabaseOwner;

/**
 * Loads an audience: at most AUTH_CACHE_SECONDS old, up to 10 minutes while D1 cannot be reached. Rejects when D1
 * cannot be reached and this isolate has no copy.
 */
export async function loadAudience(env: Env, cost: Cost, scope: AudienceScope): Promise<Audience> {
  const { organization_ids, room_ids } = scope;
  const shares = await Promise.all(room_ids.map((id) => loadPartners(env, cost, scope, id)));
  // Always in the same order: a thread stores the audience, and must not store it again with each command.
  const ids = [...new Set([...organization_ids, ...shares.flat()])].sort();
  const found = await Promise.all(ids.map((id) => loadListeners(env, cost, id)));
  const installations = await Promise.all(found.map((listeners) => loadInstallations(env, cost, listeners)));
  return {
    installations: installations.flat(),
    hubs: found.flatMap(({ organization_id: id, live_since }) =>
      live_since === null ? [] : [{ organization_id: id, since: live_since }],
    ),
  };
}

/** How long (ms) `loadAudience` may answer an old audience while D1 can be reached. */
export function audienceLasts(env: Env): number {
  return cacheTimeToLive(env);
}

async function loadPartners(env: Env, cost: Cost, owner: DatabaseOwner, roomId: string): Promise<string[]> {
  const load = () => partnersOfRoom(openOrganizationDatabase(env, owner, cost), roomId);
  return (await partners.get(`${owner.database}/${roomId}`, cacheTimeToLive(env), load))?.partner_ids ?? [];
}

/** One trip to D1. */
async function loadListeners(env: Env, cost: Cost, id: string): Promise<Listeners> {
  const found = await organizations.get(id, cacheTimeToLive(env), async () => {
    const { database, app_ids, subscriptions, live_since } = await findSubscriptionRows(
      openIdentityDatabase(env, cost),
      id,
      Date.now(),
    );
    const subscribed = Array.from(
      Map.groupBy(subscriptions, ({ installation_id }) => installation_id),
      ([installationId, rows]) => {
        const own = rows.flatMap((row) => subscriptionOf(row, id) ?? []);
        return { id: installationId, facts: factsOf(rows, id), subscriptions: own };
      },
    ).filter((each) => each.subscriptions.length > 0);
    const needsAny = subscribed.some((each) => needRoutedRooms(topicsOf(each.subscriptions)));
    const routedIn = database !== null && needsAny ? { id, database } : null;
    return { organization_id: id, live_since, app_ids, subscribed, routedIn, made: null };
  });
  if (found === null) throw new Error('an organization always has listeners, if only none');
  return found;
}

/**
 * The apps with their rooms. The rooms have a cache of their own, and are not kept here beside it: a room would count
 * for twice as long after it was taken away. Two trips to D1 when they are needed and this isolate has no copy.
 */
async function loadInstallations(env: Env, cost: Cost, listeners: Listeners): Promise<readonly Installation[]> {
  const { routedIn, subscribed } = listeners;
  const routed = routedIn === null ? null : await routedRoomsOf(env, cost, routedIn);
  if (listeners.made === null || listeners.made.routed !== routed) {
    const installations = subscribed.map(
      ({ id, facts, subscriptions }): Installation => ({
        receiver: installationReceiver(id),
        listener: subscriberFor(routed, facts, topicsOf(subscriptions)),
        subscriptions,
      }),
    );
    listeners.made = { routed, installations };
  }
  return listeners.made.installations;
}

function topicsOf(subscriptions: readonly Subscription[]) {
  return subscriptions.map(({ channel }) => channel);
}

function factsOf(rows: readonly SubscriptionRow[], organization_id: string): SubscriberFacts {
  const [row] = rows;
  const scopes = JSON.parse(row?.allowed_scopes ?? '[]') as string[];
  return {
    organization_id,
    user_id: row?.user_id ?? null,
    is_bot: row?.is_bot === 1,
    has_reports: scopes.includes('reports'),
    keeps_private_history: row?.private_chat_history === 1,
  };
}

/** Null for a pattern that matches nothing here: it names a bot user that does not exist. */
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
