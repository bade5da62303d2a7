import { type ChatFacts, ENDLESS } from '../resources/chat.ts';

/**
 * The values of facts that chats of the first version lack. Those chats were never private and never ended by
 * themselves (domain/events.ts, fromVersion1).
 */
const SINCE_THE_FIRST_VERSION = {
  is_private: false,
  lifetime: ENDLESS,
  last_activity_at: null,
  newest_message_at: null,
} satisfies Partial<ChatFacts>;

/** A chat from the JSON in its row. Rows of the first version stay until their thread is used or rebuilt. */
export function copiedChat(facts: string): ChatFacts {
  return { ...SINCE_THE_FIRST_VERSION, ...(JSON.parse(facts) as ChatFacts) };
}
