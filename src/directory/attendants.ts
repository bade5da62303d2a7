import type { Attendants } from '../resources/organization.ts';

/** The result of `attendanceColumns`: 0 or 1. */
export type AttendanceColumns = { is_present: number; is_online: number; is_humans_online: number };

/**
 * Columns of a query: whether users of an organization are present and online. The query's first parameter is now (ms),
 * and `organizationId` is one of its columns. They read only the present users.
 */
export function attendanceColumns(organizationId: string): string {
  const exists = (condition: string) =>
    `EXISTS (SELECT 1 FROM users WHERE users.organization_id = ${organizationId} AND users.present_until > ?1
       AND users.deleted_at IS NULL${condition})`;
  return `${exists('')} AS is_present, ${exists(' AND users.is_online_enabled = 1')} AS is_online,
    ${exists(' AND users.is_online_enabled = 1 AND users.is_bot = 0')} AS is_humans_online`;
}

/** SQL condition on a joined row of `users`: present and willing to be shown. The first parameter is now (ms). */
export const IS_ONLINE = '(users.present_until > ?1 AND users.is_online_enabled = 1 AND users.deleted_at IS NULL)';

/** The presence of users from such a row. */
export function attendantsOf(row: AttendanceColumns): Attendants {
  return {
    is_present: row.is_present === 1,
    is_online: row.is_online === 1,
    is_humans_online: row.is_humans_online === 1,
  };
}
