import { keptNumberOf } from '../../directory/phone-lines.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import type { Refusal } from '../../http/refusals.ts';
import { numberOfId } from '../../resources/rpc-ids.ts';

export const NO_SETTINGS: Refusal = { reason: 'conflict', detail: 'The room of JSON-RPC does not exist any more.' };

/** A key opens its own organization, whatever the parameters say. */
export async function refusalOfOrganization(
  c: AppContext,
  { orgid, domain }: { orgid?: string | undefined; domain?: string | undefined },
): Promise<Refusal | null> {
  const { id, domain: own } = c.var.keyHolder.organization;
  if (domain !== undefined && domain.trim().toLowerCase() !== own?.toLowerCase()) {
    return { reason: 'organization_foreign' };
  }
  if (orgid === undefined) return null;
  const number = numberOfId(orgid.trim());
  const isOwn = number !== null && number === (await keptNumberOf(identityDatabase(c), id));
  return isOwn ? null : { reason: 'organization_foreign' };
}
