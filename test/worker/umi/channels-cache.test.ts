import { beforeAll, describe, expect, it } from 'vitest';
import { findCachedChannel } from '../../../src/api/umi/channel-cache.ts';
import { noCost } from '../../../src/db/cost.ts';
import { forget } from '../../../src/directory/changes.ts';
import type { AppContext } from '../../../src/http/app-environment.ts';
import { Gateway } from '../../support/worker/gateway.ts';
import { ORGANIZATION_BINDING } from '../../support/worker/organization-database.ts';
import { testEnv, withoutD1 } from '../../support/worker/requests.ts';

let hub: Gateway;

beforeAll(async () => {
  hub = await Gateway.open();
});

/** The part of a request's context that the cache reads. */
function context(env: Partial<Env> = {}): AppContext {
  const organization = { id: hub.organizationId, database: ORGANIZATION_BINDING };
  return {
    env: { ...testEnv, AUTH_CACHE_SECONDS: '30', ...env },
    var: { organization, principal: { organization }, cost: noCost() },
  } as AppContext;
}

function find(c: AppContext, id: string) {
  return findCachedChannel(c, hub.organizationId, id);
}

describe('findCachedChannel', () => {
  it('finds a channel and its room, the second time without D1', async () => {
    const id = await hub.register();
    const first = context();
    expect(await find(first, id)).toMatchObject({
      channel: { id, organization_id: hub.organizationId, messaging_channel: 'email' },
      room: { id: hub.roomId, name: 'Support', organization_id: hub.organizationId },
    });
    const second = context();
    expect((await find(second, id))?.channel.id).toBe(id);
    expect([first.var.cost.d1.trips, second.var.cost.d1.trips]).toEqual([2, 0]);
    expect((await find(context(withoutD1), id))?.channel.id).toBe(id);
  });

  it('reads each time when caching is off', async () => {
    const id = await hub.register();
    const c = context({ AUTH_CACHE_SECONDS: '0' });
    await find(c, id);
    await find(c, id);
    expect(c.var.cost.d1.trips).toBe(4);
  });

  it('sees a change through this isolate at once', async () => {
    const id = await hub.register();
    await find(context(), id);
    await hub.request('PATCH', `/${id}`, { messaging_channel: 'slack' });
    expect((await find(context(), id))?.channel.messaging_channel).toBe('slack');
    await hub.request('DELETE', `/${id}`);
    expect(await find(context(), id)).toBeNull();
  });

  it('does not return a channel of another organization', async () => {
    const id = await hub.register();
    await find(context(), id);
    const other = await Gateway.open();
    expect(await findCachedChannel(context(), other.organizationId, id)).toBeNull();
  });

  it('fails when D1 cannot be reached and nothing is known', async () => {
    const id = await hub.register();
    forget({ kind: 'channel', organization_id: hub.organizationId, channel_id: id });
    await expect(find(context(withoutD1), id)).rejects.toThrow();
  });
});
