import { listenerOf } from '../audience/listener-of.ts';
import { noCost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { findTriggerPrincipal } from '../directory/app-principals.ts';
import { findOrganization } from '../directory/organizations.ts';
import { findPrincipal, type PrincipalRow } from '../directory/tokens.ts';
import { withinTime } from '../within-time.ts';
import type { OwnerFacts, RightsSource } from './rights.ts';
import type { SocketOwner } from './socket-owner.ts';

/** A look-up that takes longer (ms) counts as failed. */
const PATIENCE = 2000;

/** The rights of sockets' owners as D1 has them. */
export function rightsInDatabase(env: Env): RightsSource {
  const identity = () => db(env, null, noCost());
  return {
    factsOf: (owner) => inTime(owner.kind === 'visitor' ? ofVisitor(env, owner) : ofUser(env, owner)),
    listenerOf: ({ organization_id, user_id }, facts, channels) => {
      const { database, has_reports, keeps_private_history } = facts;
      const databases = { identity: identity(), organization: db(env, { database }, noCost()) };
      const who = { organization_id, user_id, has_reports, keeps_private_history };
      return inTime(listenerOf(databases, who, channels));
    },
  };
}

async function ofVisitor(env: Env, { organization_id }: SocketOwner): Promise<OwnerFacts | null> {
  const row = await findOrganization(db(env, null, noCost()), organization_id);
  if (row === null) return null;
  return {
    database: row.database,
    has_active_subscription: row.has_active_subscription === 1,
    has_reports: false,
    keeps_private_history: row.private_chat_history === 1,
  };
}

async function ofUser(env: Env, owner: SocketOwner & { kind: 'user' }): Promise<OwnerFacts | null> {
  const row = await principalOf(env, owner);
  if (row === null || row.user_id !== owner.user_id) return null;
  return {
    database: row.database,
    has_active_subscription: row.has_active_subscription === 1,
    has_reports: (JSON.parse(row.scopes) as string[]).includes('reports'),
    keeps_private_history: row.private_chat_history === 1,
  };
}

function principalOf(env: Env, { organization_id, user_id, credential }: SocketOwner & { kind: 'user' }) {
  const identity = db(env, null, noCost());
  if (credential.kind === 'token') return findPrincipal(identity, credential.digest);
  const { app_id, installation_id } = credential;
  return findTriggerPrincipal(identity, {
    organization_id,
    user_id,
    app_id,
    installation_id,
  }) as Promise<PrincipalRow | null>;
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  const found = await withinTime(
    promise.then((value) => ({ value })),
    PATIENCE,
  );
  if (found === null) throw new Error('D1 did not answer in time');
  return found.value;
}
