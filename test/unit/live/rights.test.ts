import { beforeEach, describe, expect, it } from 'vitest';
import { type OwnerFacts, Rights } from '../../../src/live/rights.ts';
import type { SocketOwner } from '../../../src/live/socket-owner.ts';
import { ORGANIZATION, OWNER, USER } from './sample.ts';

const FACTS: OwnerFacts = {
  database: 'DB',
  has_active_subscription: true,
  has_reports: false,
  keeps_private_history: false,
};

let now: number;
let facts: () => Promise<OwnerFacts | null>;
let asked: { facts: number; listeners: string[] };
let rights: Rights;

beforeEach(() => {
  now = 1_000_000;
  facts = () => Promise.resolve(FACTS);
  asked = { facts: 0, listeners: [] };
  rights = new Rights(
    {
      factsOf: () => {
        asked.facts += 1;
        return facts();
      },
      listenerOf: (owner, { has_reports, keeps_private_history }) => {
        asked.listeners.push(owner.user_id);
        const { organization_id, user_id } = owner;
        const reaches = { reach: null, history_reach: null, organization_reach: null, stands_for: [] };
        return Promise.resolve({
          kind: 'user',
          organization_id,
          user_id,
          has_reports,
          keeps_private_history,
          ...reaches,
        });
      },
    },
    () => 30_000,
    () => now,
  );
});

const standing = (owner: SocketOwner = OWNER, needs = 'chats') => rights.standingOf(owner, needs, () => []);
const visitor: SocketOwner = { kind: 'visitor', visitor_id: 'v', organization_id: ORGANIZATION, expires_at: null };

describe('the rights of an owner', () => {
  it('are kept for a while, the same for all sockets with the same token and needs', async () => {
    const first = await standing();
    now += 29_999;
    const second = await standing();
    expect('listener' in first && 'listener' in second && first.listener === second.listener).toBe(true);
    await standing(OWNER, 'other chats');
    expect(asked).toEqual({ facts: 1, listeners: [USER, USER] });
    now += 1;
    await standing();
    expect(asked).toEqual({ facts: 2, listeners: [USER, USER, USER] });
  });

  it('are other ones when his scopes or his organization’s settings change', async () => {
    await standing();
    now += 29_000;
    await standing(OWNER, 'late');
    facts = () => Promise.resolve({ ...FACTS, has_reports: true, keeps_private_history: true });
    now += 1_000;
    expect(await standing(OWNER, 'late')).toMatchObject({
      listener: { has_reports: true, keeps_private_history: true },
    });
  });

  it('end with the token, its owner or the subscription', async () => {
    expect(await standing({ ...OWNER, expires_at: now })).toEqual({ ending: expect.objectContaining({ code: 4401 }) });
    expect(await standing({ ...OWNER, expires_at: now + 1 })).toHaveProperty('listener');
    facts = () => Promise.resolve(null);
    now += 30_000;
    expect(await standing()).toEqual({ ending: expect.objectContaining({ code: 4401 }) });
    facts = () => Promise.resolve({ ...FACTS, has_active_subscription: false });
    for (const owner of [OWNER, visitor]) {
      expect(await standing(owner)).toEqual({ ending: expect.objectContaining({ code: 4403 }) });
    }
  });

  it('of a visitor are his own chats', async () => {
    expect(await standing(visitor)).toEqual({ listener: { kind: 'visitor', visitor_id: 'v' } });
    expect(asked.listeners).toEqual([]);
  });

  it('are the known ones for ten minutes while they cannot be looked up, which is tried every few seconds', async () => {
    await standing();
    facts = () => Promise.reject(new Error('D1 is away'));
    now += 60_000;
    for (let event = 0; event < 5; event++) expect(await standing()).toHaveProperty('listener');
    expect(asked.facts).toBe(2);
    now += 5_000;
    await standing();
    expect(asked.facts).toBe(3);
    now += 535_000;
    await expect(standing()).rejects.toThrow('D1 is away');
    await expect(standing()).rejects.toThrow('just failed');
    facts = () => Promise.resolve(FACTS);
    now += 5_000;
    expect(await standing()).toHaveProperty('listener');
  });
});
