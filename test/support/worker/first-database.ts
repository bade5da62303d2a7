import { env } from 'cloudflare:workers';
import type { Cost } from '../../../src/db/cost.ts';
import { type IdentityDatabase, type OrganizationDatabase, openIdentityDatabase } from '../../../src/db/database.ts';

/** The database `DB`, which holds the identities of all organizations and the rows of most. */
export type FirstDatabase = IdentityDatabase & OrganizationDatabase;

export function firstDatabase(cost: Cost): FirstDatabase {
  return openIdentityDatabase(env as unknown as Env, cost) as FirstDatabase;
}
