import { isoTime, isoTimeOrNull } from './clock.ts';
import { nestedUser, type UserFacts } from './user.ts';
import type { NestedOrganization } from './user-account.ts';

/** A team with the presence of its members. Times in ms. */
export type TeamView = {
  id: string;
  organization: NestedOrganization;
  name: string;
  display_name: string;
  created_by_user: UserFacts | null;
  updated_by_user: UserFacts | null;
  member_count: number;
  present_member_count: number;
  /** Whether any member is online, and whether one of them is not a bot. */
  is_online: boolean;
  is_humans_online: boolean;
  /** Whether a router of a room names the team. */
  is_connected_to_room: boolean;
  deleted_at: number | null;
  created_at: number;
  updated_at: number;
};

/** The team as version 5 of the API shows it. The hub has no group chats of teams. */
export function teamResource(team: TeamView) {
  return {
    id: team.id,
    organization_id: team.organization.id,
    organization: team.organization,
    name: team.name,
    display_name: team.display_name,
    member_count: team.member_count,
    present_member_count: team.present_member_count,
    is_online: team.is_online,
    is_present: team.present_member_count > 0,
    is_connected_to_room: team.is_connected_to_room,
    group_chat_id: null,
    created_by_user_id: team.created_by_user?.id ?? null,
    created_by_user: team.created_by_user === null ? null : nestedUser(team.created_by_user),
    updated_by_user_id: team.updated_by_user?.id ?? null,
    updated_by_user: team.updated_by_user === null ? null : nestedUser(team.updated_by_user),
    created_at: isoTime(team.created_at),
    updated_at: isoTime(team.updated_at),
  };
}

/** The team as version 6 shows it. */
export function teamResourceV6(team: TeamView) {
  return {
    ...teamResource(team),
    is_humans_online: team.is_humans_online,
    is_deleted: team.deleted_at !== null,
    deleted_at: isoTimeOrNull(team.deleted_at),
  };
}

/** A member of a team. `joined_at` in ms. */
export type TeamMember = { team_id: string; user: UserFacts; joined_at: number };

/** A member of a team as the API shows it. */
export function teamMemberResource({ team_id, user, joined_at }: TeamMember) {
  return { team_id, user_id: user.id, user: nestedUser(user), created_at: isoTime(joined_at) };
}
