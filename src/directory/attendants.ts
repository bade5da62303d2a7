import type { Attendants } from '../resources/organization.ts';

/** Who is there, as the functions below make SQL tell it. */
export type AttendanceColumns = { is_present: number; is_online: number; is_humans_online: number };

/**
 * The columns that tell who of an organization's users is there, for a query whose first parameter is now (ms) and in which
 * `organizationId` is a column. They read the users who are present, not all.
 */
export function attendanceColumns(organizationId: string): string {
  const exists = (condition: string) =>
    `EXISTS (SELECT 1 FROM users WHERE users.organization_id = ${organizationId} AND users.present_until > ?1
       AND users.deleted_at IS NULL${condition})`;
  return `${exists('')} AS is_present, ${exists(' AND users.is_online_enabled = 1')} AS is_online,
    ${exists(' AND users.is_online_enabled = 1 AND users.is_bot = 0')} AS is_humans_online`;
}

/** A condition on a joined row of `users`: present and willing to be shown, when the first parameter is now (ms). */
export const IS_ONLINE = '(users.present_until > ?1 AND users.is_online_enabled = 1 AND users.deleted_at IS NULL)';

export function attendantsOf(row: AttendanceColumns): Attendants {
  return {
    is_present: row.is_present === 1,
    is_online: row.is_online === 1,
    is_humans_online: row.is_humans_online === 1,
  };
}
