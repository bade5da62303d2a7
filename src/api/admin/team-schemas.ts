import { z } from '@hono/zod-openapi';
import type { TeamRow } from '../../db/rows.ts';
import { isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { isoTime } from '../../resources/clock.ts';
import { organizationPath } from './schemas.ts';

export const teamPath = organizationPath.extend({ team_id: pathId('team_id') });
export const teamMemberPath = teamPath.extend({ user_id: pathId('user_id') });

const teamFields = z.object({ name: textField({ max: 255 }), display_name: textField({ max: 255 }) });
export const teamChanges = teamFields.partial();
export const newTeam = teamChanges.required({ name: true }).extend({ id: uuidField().optional() });

export const teamSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    display_name: z.string(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminTeam');

export function teamResource(row: TeamRow): z.infer<typeof teamSchema> {
  return {
    id: row.id,
    organization_id: row.organization_id,
    name: row.name,
    display_name: row.display_name,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

export const teamMemberSchema = z
  .object({ team_id: z.string(), user_id: z.string(), created_at: isoTimeSchema })
  .openapi('AdminTeamMember');

export function teamMemberResource(member: {
  team_id: string;
  id: string;
  joined_at: number;
}): z.infer<typeof teamMemberSchema> {
  return { team_id: member.team_id, user_id: member.id, created_at: isoTime(member.joined_at) };
}
