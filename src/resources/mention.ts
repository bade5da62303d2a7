import { isoTime } from './clock.ts';

/** That a note about a chat mentions a user who has not opened the chat since. Of several notes the newest. `created_at` in ms. */
export type MentionFacts = { chat_id: string; note_id: string; created_at: number };

/** The mention as its user sees it (an extension). */
export function mentionResource({ chat_id, note_id, created_at }: MentionFacts) {
  return { chat_id, note_id, created_at: isoTime(created_at) };
}
