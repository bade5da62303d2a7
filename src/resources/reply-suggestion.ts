import { isoTime } from './clock.ts';
import { nestedUser, type UserFacts } from './user.ts';

/** A reply suggestion as its thread stores it. Times in ms. */
export type ReplySuggestionFacts = {
  id: string;
  message_id: string;
  suggestion: string;
  /** From 0 to 1; null when it was not computed. */
  relevancy_score: number | null;
  organization_id: string;
  created_by_user: UserFacts;
  updated_by_user: UserFacts;
  created_at: number;
  updated_at: number;
};

/**
 * The suggestion as the Chats API and the webhooks show it (UMI documentation, 3.2; Chats API, Chat reply suggestions).
 */
export function replySuggestionResource(
  suggestion: ReplySuggestionFacts,
  chat: { id: string; room_id: string | null },
) {
  return {
    id: suggestion.id,
    created_by_user_id: suggestion.created_by_user.id,
    created_by_user: nestedUser(suggestion.created_by_user),
    updated_by_user_id: suggestion.updated_by_user.id,
    updated_by_user: nestedUser(suggestion.updated_by_user),
    chat_id: chat.id,
    message_id: suggestion.message_id,
    room_id: chat.room_id,
    organization_id: suggestion.organization_id,
    created_at: isoTime(suggestion.created_at),
    updated_at: isoTime(suggestion.updated_at),
    suggestion: suggestion.suggestion,
    relevancy_score: suggestion.relevancy_score,
    target_organization: null,
  };
}
