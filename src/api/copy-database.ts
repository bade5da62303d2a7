import type { DeliveryLog, OrganizationDatabase } from '../db/database.ts';
import { type AppContext, deliveryDatabase, organizationDatabase, visitorDatabase } from '../http/app-environment.ts';
import { writeCollected } from '../read-model/collector.ts';

/**
 * The database with the copy of the chats of the caller's organization. Batches that this isolate holds are written
 * first, so that a client reads its own writes. Batches of other isolates arrive within a second.
 */
export async function copyDatabase(c: AppContext): Promise<OrganizationDatabase> {
  await writeCollected(c.env);
  return organizationDatabase(c);
}

/** The same for a visitor's organization. */
export async function visitorCopyDatabase(c: AppContext): Promise<OrganizationDatabase> {
  await writeCollected(c.env);
  return visitorDatabase(c);
}

/** The same for the delivery log. */
export async function deliveryLogCopy(c: AppContext): Promise<DeliveryLog> {
  await writeCollected(c.env);
  return deliveryDatabase(c);
}
