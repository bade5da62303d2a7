import { isoTime } from './clock.ts';

/** What a user has begun to write in a chat and not sent. `updated_at` in ms. */
export type DraftFacts = { chat_id: string; message: string; updated_at: number };

/** The draft as its user sees it (an extension). */
export function draftResource({ chat_id, message, updated_at }: DraftFacts) {
  return { chat_id, message, updated_at: isoTime(updated_at) };
}
