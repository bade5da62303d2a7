import type { IdentityDatabase, OrganizationDatabase } from '../db/database.ts';

/** Most organizations that one run looks at, and number of them that are read at a time. */
const ORGANIZATIONS_IN_A_RUN = 10_000;
const ORGANIZATIONS_AT_ONCE = 500;
const DAY = 24 * 3_600_000;

/** An index by organization: its table, and the condition of its rows. */
type OrganizationsIndex = { table: string; index: string; where: string };

/** An organization that keeps what nobody has answered no longer when it is from before `before` (ms). */
export type DueOrganization = { id: string; before: number };

/**
 * The organizations with rows in an index of the database `name`, with what they keep no longer at `now` (ms)
 * (`unanswered_retention_days`), from the place `start` in [0, 1) among them on. Goes from one to the next along the index,
 * which costs two rows for each. Reads across organizations, which only the watchdog may do.
 */
export async function organizationsWithUnanswered(
  identity: IdentityDatabase,
  copy: OrganizationDatabase,
  name: string,
  of: OrganizationsIndex,
  { now, start }: { now: number; start: number },
): Promise<DueOrganization[]> {
  const due: DueOrganization[] = [];
  for (let after = '', read = 0; read < ORGANIZATIONS_IN_A_RUN; read += ORGANIZATIONS_AT_ONCE) {
    const ids = await organizationsAfter(copy, of, after);
    if (ids.length === 0) break;
    const rows = await identity.all<{ id: string; days: number }>(
      `SELECT id, unanswered_retention_days AS days FROM organizations
       WHERE id IN (SELECT value FROM json_each(?)) AND database = ? AND unanswered_retention_days IS NOT NULL
       ORDER BY id`,
      JSON.stringify(ids),
      name,
    );
    due.push(...rows.map(({ id, days }) => ({ id, before: now - days * DAY })));
    if (ids.length < ORGANIZATIONS_AT_ONCE) break;
    after = ids.at(-1) ?? '';
  }
  const first = Math.floor(start * due.length);
  return [...due.slice(first), ...due.slice(0, first)];
}

async function organizationsAfter(
  copy: OrganizationDatabase,
  { table, index, where }: OrganizationsIndex,
  after: string,
): Promise<string[]> {
  const next = (above: string) =>
    `SELECT min(organization_id) FROM ${table} INDEXED BY ${index} WHERE organization_id > ${above} AND ${where}`;
  const rows = await copy.all<{ id: string }>(
    `WITH RECURSIVE step (id) AS (
       ${next('?1')} UNION ALL SELECT (${next('step.id')}) FROM step WHERE id IS NOT NULL)
     SELECT id FROM step WHERE id IS NOT NULL LIMIT ?2`,
    after,
    ORGANIZATIONS_AT_ONCE,
  );
  return rows.map(({ id }) => id);
}
