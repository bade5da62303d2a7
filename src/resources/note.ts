import { isoTime } from './clock.ts';

/** What a user has written about a chat for their own organization. `created_at` in ms. */
export type Note = {
  id: string;
  chat_id: string;
  user_id: string;
  user_name: string;
  message: string;
  mentioned: MentionedUser[];
  created_at: number;
};

/** Whom a note mentions, with the name of that time. */
export type MentionedUser = { id: string; name: string };

/** The note as users of its organization see it (an extension). */
export function noteResource({ id, chat_id, user_id, user_name, message, mentioned, created_at }: Note) {
  return { id, chat_id, user_id, user_name, message, mentioned_users: mentioned, created_at: isoTime(created_at) };
}
