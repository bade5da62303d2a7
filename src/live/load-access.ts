import { noCost } from '../db/cost.ts';
import { openIdentityDatabase } from '../db/database.ts';
import { findVisitorOrganization } from '../directory/revoked-visitors.ts';
import {
  type AppActor,
  type AppCredential,
  findSocketOwners,
  type SocketOwnerRow,
} from '../directory/socket-owners.ts';
import { cachedRoutedRooms, routedRoomsOf } from '../notifications/routed-rooms-cache.ts';
import { type AccessSource, factsKey, type OwnerFacts } from './access.ts';
import type { SocketOwner } from './socket-owner.ts';

/** Reads the rights of sockets' owners from D1. */
export function accessInDatabase(env: Env): AccessSource {
  return {
    factsOf: async (owners) => {
      const found = new Map<string, OwnerFacts>();
      for (const [organizationId, own] of Map.groupBy(owners, ({ organization_id }) => organization_id)) {
        const users = own.filter((owner) => owner.kind === 'user');
        const [facts, visitors] = await Promise.all([
          users.length === 0 ? [] : factsOfUsers(env, organizationId, users),
          users.length === own.length ? null : factsOfVisitors(env, organizationId),
        ]);
        for (const [key, each] of facts) found.set(key, each);
        for (const owner of own)
          if (owner.kind === 'visitor' && visitors !== null) found.set(factsKey(owner), visitors);
      }
      return found;
    },
    routedRoomsOf: (id, database) => routedRoomsOf(env, noCost(), { id, database }),
    cachedRoutedRooms,
  };
}

/** Visitors may have sockets while their organization may, unless their secret was revoked. */
async function factsOfVisitors(env: Env, organizationId: string): Promise<OwnerFacts | null> {
  const row = await findVisitorOrganization(openIdentityDatabase(env, noCost()), organizationId, Date.now());
  if (row === null) return null;
  return {
    database: row.database,
    has_active_subscription: row.has_active_subscription === 1,
    is_bot: false,
    has_reports: false,
    keeps_private_history: row.private_chat_history === 1,
    revoked_visitors: row.revoked_visitors,
  };
}

type User = SocketOwner & { kind: 'user' };

async function factsOfUsers(env: Env, organizationId: string, users: readonly User[]): Promise<[string, OwnerFacts][]> {
  const digests = new Set<string>();
  const actors = new Map<string, AppActor>();
  for (const owner of users) {
    const { credential, user_id } = owner;
    if (credential.kind === 'token') digests.add(credential.digest);
    else actors.set(factsKey(owner), { ...actorOf(credential), user_id });
  }
  const identity = openIdentityDatabase(env, noCost());
  const { byToken, byApp } = await findSocketOwners(identity, organizationId, [...digests], [...actors.values()]);
  const tokens = new Map(byToken.map((row) => [row.credential, row]));
  const apps = new Map(byApp.map((row) => [keyOfActor({ ...row, installation_id: row.credential }), row]));
  return users.flatMap((owner): [string, OwnerFacts][] => {
    const { credential, user_id } = owner;
    const row =
      credential.kind === 'token'
        ? tokens.get(credential.digest)
        : apps.get(keyOfActor({ ...actorOf(credential), user_id }));
    return row === undefined || row.user_id !== user_id ? [] : [[factsKey(owner), factsIn(row)]];
  });
}

function actorOf({ installation_id, opener_token_id, secret_version }: AppCredential): Omit<AppActor, 'user_id'> {
  return { installation_id, opener_token_id: opener_token_id ?? null, secret_version: secret_version ?? null };
}

function keyOfActor({ installation_id, user_id, opener_token_id, secret_version }: AppActor): string {
  return `${installation_id}/${user_id}/${opener_token_id ?? ''}/${secret_version ?? ''}`;
}

function factsIn(row: SocketOwnerRow): OwnerFacts {
  return {
    database: row.database,
    has_active_subscription: row.has_active_subscription === 1,
    is_bot: row.is_bot === 1,
    has_reports: (JSON.parse(row.scopes) as string[]).includes('reports'),
    keeps_private_history: row.private_chat_history === 1,
  };
}
