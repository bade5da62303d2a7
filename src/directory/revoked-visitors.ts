import type { IdentityDatabase } from '../db/database.ts';
import type { OrganizationRow } from '../db/rows.ts';
import { changing } from './changes.ts';
import { TOKEN_SECONDS } from './token-keys.ts';

/**
 * Visitors whose secret was revoked. A secret is derived and has no row, so it is its visitor who is remembered: the
 * secret opens nothing any more, and the tokens that it has given end.
 */

/** For how long (ms) a token from before a revocation may live, with a minute for clocks that differ. */
const TOKENS_LIVE = (TOKEN_SECONDS.visitor + 60) * 1000;

/** Most revocations of an organization in that time: each request of its visitors goes by their list. */
export const MAX_REVOCATIONS = 1000;

/**
 * Revokes the secret of a visitor of the organization at `now` (ms), also of one who has never come: the hub cannot tell.
 * Can be repeated. False when the organization has revoked too many in the last half hour.
 */
export function revokeVisitor(
  identity: IdentityDatabase,
  organizationId: string,
  visitorId: string,
  now: number,
): Promise<boolean> {
  return changing({ kind: 'visitors', organization_id: organizationId }, async () => {
    const [, revoked] = await identity.batch([
      [
        `INSERT INTO revoked_visitors (organization_id, visitor_id, revoked_at)
         SELECT ?1, ?2, ?3 WHERE ?5 > (
           SELECT count(*) FROM (SELECT 1 FROM revoked_visitors WHERE organization_id = ?1 AND revoked_at > ?4 LIMIT ?5))
         ON CONFLICT DO NOTHING`,
        organizationId,
        visitorId,
        now,
        now - TOKENS_LIVE,
        MAX_REVOCATIONS,
      ],
      ['SELECT 1 FROM revoked_visitors WHERE organization_id = ? AND visitor_id = ?', organizationId, visitorId],
    ]);
    return revoked !== undefined && revoked.length > 0;
  });
}

/** Whether the secret of a visitor was revoked. */
export async function isVisitorRevoked(
  identity: IdentityDatabase,
  organizationId: string,
  visitorId: string,
): Promise<boolean> {
  const row = await identity.first(
    'SELECT 1 FROM revoked_visitors WHERE organization_id = ? AND visitor_id = ?',
    organizationId,
    visitorId,
  );
  return row !== null;
}

/** An organization with its visitors whose tokens have ended before their time. */
export type VisitorOrganization = OrganizationRow & { revoked_visitors: ReadonlySet<string> };

/** The organization of visitors, at `now` (ms); null when there is none. One trip. */
export async function findVisitorOrganization(
  identity: IdentityDatabase,
  organizationId: string,
  now: number,
): Promise<VisitorOrganization | null> {
  const row = await identity.first<OrganizationRow & { revoked: string }>(
    `SELECT organizations.*, (
       SELECT json_group_array(visitor_id) FROM (
         SELECT visitor_id FROM revoked_visitors WHERE organization_id = organizations.id AND revoked_at > ? LIMIT ?)
     ) AS revoked
     FROM organizations WHERE id = ?`,
    now - TOKENS_LIVE,
    MAX_REVOCATIONS,
    organizationId,
  );
  if (row === null) return null;
  const { revoked, ...organization } = row;
  return { ...organization, revoked_visitors: new Set(JSON.parse(revoked) as string[]) };
}
