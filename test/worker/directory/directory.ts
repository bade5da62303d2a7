import { env } from 'cloudflare:workers';
import { noCost } from '../../../src/db/cost.ts';
import { type Database, db } from '../../../src/db/database.ts';
import type { Keyset, KeysetValue } from '../../../src/db/keyset.ts';
import { insertOrganization } from '../../../src/directory/organizations.ts';
import { insertRoom } from '../../../src/directory/rooms.ts';
import { newUuid } from '../../../src/resources/uuid.ts';

export const cost = noCost();
export const database: Database = db(env as unknown as Env, null, cost);

export const AT = 1_772_000_000_000;

export async function newOrganization(): Promise<string> {
  const id = newUuid(AT);
  await insertOrganization(database, {
    id,
    name: 'Harbour',
    has_active_subscription: 1,
    private_chats: 0,
    private_chat_history: 0,
    created_at: AT,
  });
  return id;
}

export async function newRoom(organizationId: string): Promise<string> {
  const id = newUuid(AT);
  await insertRoom(database, organizationId, {
    id,
    name: 'Support',
    display_name: 'Support',
    language_code: 'en',
    created_at: AT,
  });
  return id;
}

export function page(
  limit: number,
  key: readonly KeysetValue[] | null = null,
  direction: Keyset['direction'] = 'next',
): Keyset {
  return { limit, key, direction };
}
