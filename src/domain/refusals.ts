/** Why a thread refuses a command or a query. `index` is the position of the offending message in its request. */
export type ThreadRefusal =
  | { reason: 'thread_not_found' }
  | { reason: 'chat_not_found' }
  /** Nothing is written into a chat of which nothing may be left. */
  | { reason: 'chat_purged' }
  /** No text is written into an encrypted chat whose key is gone. */
  | { reason: 'chat_key_forgotten' }
  | { reason: 'not_a_member' }
  | { reason: 'not_routed' }
  /** Whether a silent membership holds depends on rooms, which the grant must name. */
  | { reason: 'rooms_needed' }
  | { reason: 'not_pending' }
  | { reason: 'not_present' }
  | { reason: 'member_not_found' }
  | { reason: 'visitor_stays' }
  | { reason: 'message_not_found' }
  | { reason: 'message_to_ended_chat' }
  /** The message is of somebody else. */
  | { reason: 'message_of_other' }
  /** Messages of this type are not changed. */
  | { reason: 'message_fixed' }
  | { reason: 'message_deleted' }
  | { reason: 'message_purged' }
  /** The message did not go out through the channel. */
  | { reason: 'message_not_sent' }
  | { reason: 'message_too_long' }
  | { reason: 'message_too_long_to_encrypt' }
  | { reason: 'body_too_long_to_encrypt'; index: number }
  /** The sender's files are of another organization than the chat. */
  | { reason: 'files_of_other_organization' }
  | { reason: 'join_of_ended_chat' }
  | { reason: 'join_of_taken_chat' }
  | { reason: 'nothing_to_hand_over' }
  | { reason: 'chat_capacity_reached' }
  | { reason: 'chat_taken' }
  | { reason: 'too_many_members' }
  | { reason: 'too_many_variables'; limit: number }
  | { reason: 'membership_of_ended_chat' }
  | { reason: 'last_seen_in_future' }
  | { reason: 'waiting_of_ended_chat' }
  | { reason: 'tag_not_found' }
  | { reason: 'too_many_tags' }
  | { reason: 'invitation_not_found' }
  | { reason: 'invitation_to_ended_chat' }
  | { reason: 'invitation_expired' }
  | { reason: 'invitation_accepted' }
  | { reason: 'invitation_of_many' }
  | { reason: 'too_many_invitations' }
  | { reason: 'reply_suggestion_not_found' }
  | { reason: 'attachment_not_found' }
  | { reason: 'action_not_found' }
  | { reason: 'action_disabled' }
  | { reason: 'response_text_required' }
  | { reason: 'response_value_unknown' }
  | { reason: 'suggestion_without_session'; index: number }
  | { reason: 'suggestion_not_in_session'; index: number }
  | { reason: 'suggestion_not_in_chat' }
  | { reason: 'created_at_in_future'; index: number }
  | { reason: 'created_at_out_of_order'; index: number }
  /** `seconds` until the visitor may send or start one. */
  | { reason: 'too_many_messages'; seconds: number }
  | { reason: 'too_many_chats'; seconds: number }
  | { reason: 'thread_full' }
  /** The client used the same `Idempotency-Key` for another request. */
  | { reason: 'key_reused' }
  /** D1 cannot be reached, so nobody knows who must be notified. */
  | { reason: 'listeners_unknown' }
  /** The caller uses a newer version than this object. Try again when the rollout is complete. */
  | { reason: 'newer_version' };

/** `is_repeat`: the command was answered before, and nothing was done this time. */
export type Result<Answer> = { ok: true; answer: Answer; is_repeat?: boolean } | { ok: false; refusal: ThreadRefusal };
