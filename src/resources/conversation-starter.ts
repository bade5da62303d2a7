import { isoTime } from './clock.ts';

/** A text with which a user starts conversations in a language. Times in ms. */
export type ConversationStarter = { language_code: string; message: string; created_at: number; updated_at: number };

/** The starter as the Chats API shows it (Chats API, Chat conversation starters). */
export function conversationStarterResource({ language_code, message, created_at, updated_at }: ConversationStarter) {
  return { language_code, message, created_at: isoTime(created_at), updated_at: isoTime(updated_at) };
}
