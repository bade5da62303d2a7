import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RoutedRooms } from '../../../src/directory/routed-rooms.ts';
import { type Access, AccessCache, factsKey, type OwnerFacts } from '../../../src/live/access.ts';
import type { SocketOwner } from '../../../src/live/socket-owner.ts';
import { createIsolateCache, STALE_FOR } from '../../../src/platform/isolate-cache.ts';
import { ORGANIZATION, OWNER, USER } from '../../support/sample-sockets.ts';

const FACTS: OwnerFacts = {
  database: 'DB',
  has_active_subscription: true,
  is_bot: false,
  has_reports: false,
  keeps_private_history: false,
};
const TIME_TO_LIVE = 30_000;

let now: number;
let facts: () => Promise<OwnerFacts | null>;
/** The owners in each look-up of facts, and the number of look-ups of routed rooms. */
let asked: { facts: number[]; reaches: number };
let timeToLive: number;

const clock = () => now;
const noReaches = () =>
  new RoutedRooms({
    organization_id: ORGANIZATION,
    room_ids: [],
    shared: [],
    routed: [],
    targets: [],
    members: [{ team_id: 't', user_id: USER }],
    team_shares: [],
    private_owner_ids: [],
  });

let factsCache = createIsolateCache<OwnerFacts>({ clock, limit: 100, staleFor: STALE_FOR });
let reachesCache = createIsolateCache<RoutedRooms>({ clock, limit: 100, staleFor: STALE_FOR });

/** The cache of a hub. Later instances share the isolate's copy. */
function newCache(): AccessCache {
  return new AccessCache({
    source: {
      factsOf: async (owners) => {
        asked.facts.push(owners.length);
        const found = new Map<string, OwnerFacts>();
        for (const owner of owners) {
          const each = await facts();
          if (each !== null) found.set(factsKey(owner), each);
        }
        return found;
      },
      routedRoomsOf: async (id) => {
        const load = async () => {
          asked.reaches += 1;
          return noReaches();
        };
        return (await reachesCache.get(id, timeToLive, load)) ?? noReaches();
      },
      cachedRoutedRooms: (id, age) => reachesCache.peek(id, age),
    },
    facts: factsCache,
    timeToLive: () => timeToLive,
    clock,
  });
}

let cache: AccessCache;

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  now = 1_000_000;
  timeToLive = TIME_TO_LIVE;
  facts = () => Promise.resolve(FACTS);
  asked = { facts: [], reaches: 0 };
  factsCache = createIsolateCache({ clock, limit: 100, staleFor: STALE_FOR });
  reachesCache = createIsolateCache({ clock, limit: 100, staleFor: STALE_FOR });
  cache = newCache();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** An owner's access as the hub gets it; null when it cannot be known. */
async function access(owner: SocketOwner = OWNER): Promise<Access | null> {
  return cache.known(owner) ?? (await cache.lookUp([owner])).get(owner) ?? null;
}

const visitor: SocketOwner = { kind: 'visitor', visitor_id: 'v', organization_id: ORGANIZATION, expires_at: null };
const agent = (place: number): SocketOwner => ({
  ...OWNER,
  kind: 'user',
  user_id: `user-${place}`,
  credential: { kind: 'token', digest: `digest-${place}` },
});

describe('the rights of an owner', () => {
  it('are kept for a while, even for later instances of the hub', async () => {
    expect(cache.known(OWNER)).toBe(null);
    expect(await access()).toMatchObject({
      subscriber: { user_id: USER, stands_for: [USER, ORGANIZATION, 't'], reach: { organization_id: ORGANIZATION } },
    });
    now += TIME_TO_LIVE - 1;
    cache = newCache();
    expect(cache.known(OWNER)).toHaveProperty('subscriber');
    now += 1;
    expect(cache.known(OWNER)).toBe(null);
    await access();
    expect(asked).toEqual({ facts: [1, 1], reaches: 2 });
  });

  it('are looked up for all owners at once, each once, and shared rows are read once', async () => {
    const owners = Array.from({ length: 600 }, (_, place) => agent(place % 300));
    const accesses = await cache.lookUp(owners);
    expect([accesses.size, asked]).toEqual([600, { facts: [300], reaches: 1 }]);
    // The cache holds only a hundred.
    expect((await cache.lookUp(owners)).size).toBe(600);
    expect(asked).toEqual({ facts: [300, 200], reaches: 1 });
  });

  it('are looked up together for all requests during a look-up', async () => {
    const gate = Promise.withResolvers<void>();
    facts = () => gate.promise.then(() => FACTS);
    const first = cache.lookUp([agent(0)]);
    await Promise.resolve();
    const others = [1, 2, 3].map((place) => cache.lookUp([agent(place)]));
    gate.resolve();
    await Promise.all([first, ...others]);
    expect(asked.facts).toEqual([1, 3]);
  });

  it('are not kept when the time to live is 0', async () => {
    timeToLive = 0;
    expect(await access()).toHaveProperty('subscriber');
    expect(await access()).toHaveProperty('subscriber');
    expect([cache.known(OWNER), asked.facts]).toEqual([null, [1, 1]]);
  });

  it('change with the scopes and the organization’s settings', async () => {
    await access();
    facts = () => Promise.resolve({ ...FACTS, has_reports: true, keeps_private_history: true });
    now += TIME_TO_LIVE;
    expect(await access()).toMatchObject({ subscriber: { has_reports: true, keeps_private_history: true } });
  });

  it('end with the token, its owner or the subscription', async () => {
    expect(await access({ ...OWNER, expires_at: now })).toEqual({
      closeReason: expect.objectContaining({ code: 4401 }),
    });
    expect(await access({ ...OWNER, expires_at: now + 1 })).toHaveProperty('subscriber');
    facts = () => Promise.resolve(null);
    now += TIME_TO_LIVE;
    expect(await access()).toEqual({ closeReason: expect.objectContaining({ code: 4401 }) });
    facts = () => Promise.resolve({ ...FACTS, has_active_subscription: false });
    for (const owner of [OWNER, visitor]) {
      expect(await access(owner)).toEqual({ closeReason: expect.objectContaining({ code: 4403 }) });
    }
  });

  it('of a visitor are their own chats', async () => {
    expect(await access(visitor)).toEqual({ subscriber: { kind: 'visitor', visitor_id: 'v' } });
    expect(asked.reaches).toBe(0);
  });

  it('stay as known for ten minutes while look-ups fail, which are repeated every few seconds', async () => {
    await access();
    facts = () => Promise.reject(new Error('D1 is away'));
    now += 60_000;
    for (let event = 0; event < 5; event++) expect(await access()).toHaveProperty('subscriber');
    expect(asked.facts).toEqual([1, 1]);
    expect(await access(agent(1))).toBe(null);
    now += 5_000;
    await access();
    expect(asked.facts).toEqual([1, 1, 1]);
    now += 535_000;
    expect([await access(), await access()]).toEqual([null, null]);
    facts = () => Promise.resolve(FACTS);
    now += 5_000;
    expect(await access()).toHaveProperty('subscriber');
  });
});
