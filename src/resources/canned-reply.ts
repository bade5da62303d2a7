import { isoTime } from './clock.ts';

/** Who sees a canned reply: one user, the members of a team, or all users of the organization. */
export const VISIBILITIES = ['user', 'team', 'organization'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** `owner_id`: the user, team or organization whose it is. Times in ms. */
export type CannedReply = {
  id: string;
  visibility: Visibility;
  owner_id: string;
  shortcut: string;
  message: string;
  updated_by_user_id: string;
  created_at: number;
  updated_at: number;
};

/** The canned reply as the API shows it (an extension). */
export function cannedReplyResource(reply: CannedReply) {
  const { id, visibility, owner_id, shortcut, message, updated_by_user_id } = reply;
  return {
    id,
    visibility,
    team_id: visibility === 'team' ? owner_id : null,
    shortcut,
    message,
    updated_by_user_id,
    created_at: isoTime(reply.created_at),
    updated_at: isoTime(reply.updated_at),
  };
}
