import { afterEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../../src/db/cost.ts';
import { type Audience, NO_AUDIENCE } from '../../../../src/notifications/audience.ts';
import type { UserSubscriber } from '../../../../src/notifications/subscriber.ts';
import { AudienceCache, WAIT_FOR_AUDIENCE } from '../../../../src/thread/live/audience-cache.ts';

const subscriber: UserSubscriber = {
  kind: 'user',
  organization_id: 'o',
  user_id: 'u',
  has_reports: false,
  keeps_private_history: false,
  reach: { organization_id: null, room_ids: ['room', 'another', 'third'] },
  history_reach: null,
  member_reach: { organization_id: 'o', room_ids: ['another'] },
  organization_reach: { organization_id: 'o', room_ids: ['another'] },
  stands_for: [],
};
const SOMEBODY: Audience = {
  installations: [{ receiver: 'installation/i', listener: subscriber, subscriptions: [] }],
  hubs: [{ organization_id: 'o', since: 1 }],
};
const CONCERNED = { organization_ids: ['o'], room_ids: ['room'], database: 'DB' };

function audience(load: () => Promise<Audience>): { known: AudienceCache; failures: unknown[] } {
  const failures: unknown[] = [];
  return { known: new AudienceCache({ load, failed: (error) => failures.push(error) }), failures };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the audience of a thread', () => {
  it('has of each set of rooms only the thread’s room', async () => {
    const { known } = audience(async () => SOMEBODY);
    const found = await known.of(CONCERNED, noCost());
    expect(found?.hubs).toEqual(SOMEBODY.hubs);
    expect(found?.installations[0]?.listener).toEqual({
      ...subscriber,
      reach: { organization_id: null, room_ids: ['room'] },
      member_reach: { organization_id: 'o', room_ids: [] },
      organization_reach: { organization_id: 'o', room_ids: [] },
    });
  });

  it('is empty for a command without effect, and is not loaded', async () => {
    const { known } = audience(() => Promise.reject(new Error('asked')));
    expect(await known.of(null, noCost())).toBe(NO_AUDIENCE);
  });

  it('is the last known one while it cannot be loaded, even that of an earlier instance', async () => {
    const { known, failures } = audience(() => Promise.reject(new Error('D1 is away')));
    expect(await known.of(CONCERNED, noCost())).toBeNull();
    known.restore(null, CONCERNED);
    expect(await known.of(CONCERNED, noCost())).toEqual(NO_AUDIENCE);
    known.restore(JSON.stringify(SOMEBODY), CONCERNED);
    expect(await known.of(CONCERNED, noCost())).toEqual(SOMEBODY);
    expect(failures).toHaveLength(3);
  });

  it('is unknown for others than it was loaded for, while it cannot be loaded', async () => {
    let isAway = false;
    const { known } = audience(() => (isAway ? Promise.reject(new Error('D1 is away')) : Promise.resolve(SOMEBODY)));
    await known.of({ ...CONCERNED, organization_ids: ['o', 'p'] }, noCost());
    await known.of(CONCERNED, noCost());
    isAway = true;
    expect(await known.of(CONCERNED, noCost())).not.toBeNull();
    expect(await known.of({ ...CONCERNED, organization_ids: ['o', 'p'] }, noCost())).toBeNull();
    expect(await known.of({ ...CONCERNED, room_ids: ['another'] }, noCost())).toBeNull();
    known.restore(JSON.stringify(SOMEBODY), { ...CONCERNED, organization_ids: ['p'] });
    expect(await known.of(CONCERNED, noCost())).toBeNull();
  });

  it('is the last known one when loading takes too long', async () => {
    vi.useFakeTimers();
    const { known, failures } = audience(() => new Promise(() => {}));
    known.restore(JSON.stringify(SOMEBODY), CONCERNED);
    const found = known.of(CONCERNED, noCost());
    await vi.advanceTimersByTimeAsync(WAIT_FOR_AUDIENCE);
    expect(await found).toEqual(SOMEBODY);
    expect(failures).toHaveLength(1);
  });

  it('is unknown to the next instance when it is too long for a row', async () => {
    const { known } = audience(() => Promise.reject(new Error('D1 is away')));
    const hubs = Array.from({ length: 40_000 }, (_, index) => ({ organization_id: crypto.randomUUID(), since: index }));
    const stored = known.toStore({ installations: [], hubs })?.stored ?? '';
    expect(stored.length).toBeLessThan(2_000_000);
    known.restore(stored, CONCERNED);
    expect(await known.of(CONCERNED, noCost())).toBeNull();
  });

  it('is stored when it changes, and as null when it is empty', () => {
    const { known } = audience(async () => SOMEBODY);
    expect(known.toStore(NO_AUDIENCE)).toBeNull();
    const first = known.toStore(SOMEBODY);
    expect(first).toEqual({ stored: JSON.stringify(SOMEBODY), audience: SOMEBODY });
    if (first !== null) known.noteStored(first);
    expect(known.toStore(SOMEBODY)).toBeNull();
    expect(known.toStore(NO_AUDIENCE)).toEqual({ stored: null, audience: NO_AUDIENCE });
    expect(known.toStore({ ...SOMEBODY })).toBeNull();
  });

  it('is made again only when one of its parts, or a room, is another', async () => {
    let found = SOMEBODY;
    const { known } = audience(async () => ({ installations: [...found.installations], hubs: [...found.hubs] }));
    const first = await known.of(CONCERNED, noCost());
    expect(await known.of(CONCERNED, noCost())).toBe(first);
    const elsewhere = await known.of({ ...CONCERNED, room_ids: ['another'] }, noCost());
    expect(elsewhere?.installations[0]?.listener.reach?.room_ids).toEqual(['another']);
    const again = await known.of(CONCERNED, noCost());
    expect(again).toEqual(first);
    found = { ...SOMEBODY, hubs: [{ organization_id: 'o', since: 2 }] };
    expect((await known.of(CONCERNED, noCost()))?.hubs).toEqual(found.hubs);
    found = { installations: [{ ...SOMEBODY.installations[0], receiver: 'installation/j' }], hubs: [] } as Audience;
    expect((await known.of(CONCERNED, noCost()))?.installations[0]?.receiver).toBe('installation/j');
    known.restore(null, CONCERNED);
    expect((await known.of(CONCERNED, noCost()))?.installations).toHaveLength(1);
  });
});
