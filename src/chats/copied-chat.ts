import { type ChatFacts, ENDLESS } from '../resources/chat.ts';

/** What chats of the first version did not have: they were never private and ended by no time (domain/events.ts, fromVersion1). */
const SINCE_THE_FIRST_VERSION = {
  is_private: false,
  lifetime: ENDLESS,
  last_activity_at: null,
  newest_message_at: null,
} satisfies Partial<ChatFacts>;

/** A chat from the JSON in its copy's row. Rows of the first version stay as they are until their thread is used or rebuilt. */
export function copiedChat(facts: string): ChatFacts {
  return { ...SINCE_THE_FIRST_VERSION, ...(JSON.parse(facts) as ChatFacts) };
}
