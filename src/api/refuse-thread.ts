import type { ThreadRefusal } from '../domain/refusals.ts';
import type { AppContext } from '../http/app-environment.ts';
import { KEY_REUSED } from '../http/idempotency-key.ts';
import { type FieldErrors, type Refusal, type Refused, refuse } from '../http/refusals.ts';
import { CHAT_MESSAGE_CHARACTERS, ENCRYPTED_MESSAGE_BYTES } from '../resources/message.ts';

type Mapping = {
  [Reason in ThreadRefusal['reason']]: (
    refusal: Extract<ThreadRefusal, { reason: Reason }>,
    batchSize: number,
  ) => Refusal;
};

const TOO_LONG_TO_ENCRYPT = `Ensure this field has no more than ${ENCRYPTED_MESSAGE_BYTES} bytes: the chat is encrypted.`;

/**
 * What each refusal of a thread is on the wire. The statuses are those of the UMI documentation (2.1, 2.2) and the
 * Chats API.
 */
const MAPPING: Mapping = {
  thread_not_found: () => ({ reason: 'not_found', detail: 'Thread not found.' }),
  chat_not_found: () => ({ reason: 'not_found', detail: 'Chat not found.' }),
  chat_purged: () => ({ reason: 'conflict', detail: 'The chat was purged.' }),
  chat_key_forgotten: () => ({ reason: 'conflict', detail: 'The key of the encrypted chat is no longer stored.' }),
  not_a_member: () => ({ reason: 'not_found', detail: 'Chat not found: the user is not a member of it.' }),
  not_routed: () => ({ reason: 'not_found', detail: 'Chat not found: it is not routed to the user.' }),
  rooms_needed: () => ({ reason: 'not_found', detail: 'Chat not found.' }),
  not_pending: () => ({ reason: 'not_found', detail: 'The chat is not pending any more.' }),
  not_present: () => ({ reason: 'conflict', detail: 'The user is not present.' }),
  member_not_found: () => ({ reason: 'not_found', detail: 'Chat membership not found.' }),
  visitor_stays: () => ({ reason: 'conflict', detail: 'The visitor cannot be removed from the chat.' }),
  message_not_found: () => ({ reason: 'not_found', detail: 'Message not found.' }),
  message_of_other: () => ({ reason: 'not_own_message' }),
  message_fixed: () => ({ reason: 'conflict', detail: 'Messages of this type cannot be changed.' }),
  message_deleted: () => ({ reason: 'conflict', detail: 'The message was deleted.' }),
  message_purged: () => ({ reason: 'conflict', detail: 'The message was purged.' }),
  message_not_sent: () => ({ reason: 'conflict', detail: 'Only messages of users are sent to the channel.' }),
  join_of_ended_chat: () => ({ reason: 'not_found', detail: 'The chat has ended.' }),
  nothing_to_hand_over: () => ({ reason: 'conflict', detail: 'The user does not take part in the chat.' }),
  join_of_taken_chat: () => ({ reason: 'conflict', detail: 'Another user has already taken this private chat.' }),
  chat_capacity_reached: () => ({ reason: 'conflict', detail: 'The user has as many open chats as they can take.' }),
  chat_taken: () => ({ reason: 'conflict', detail: 'Another user has already a chat with the visitor.' }),
  membership_of_ended_chat: () => invalid({ non_field_errors: ['The chat has ended.'] }),
  last_seen_in_future: () => invalid({ last_seen_at: ['The time may not be in the future.'] }),
  message_to_ended_chat: () => ({ reason: 'conflict', detail: 'The chat has ended.' }),
  message_too_long: () =>
    invalid({ message: [`Ensure this field has no more than ${CHAT_MESSAGE_CHARACTERS} characters.`] }),
  message_too_long_to_encrypt: () => invalid({ message: [TOO_LONG_TO_ENCRYPT] }),
  body_too_long_to_encrypt: ({ index }, batchSize) => atMessage(index, batchSize, { body: [TOO_LONG_TO_ENCRYPT] }),
  files_of_other_organization: () => ({
    reason: 'conflict',
    detail: 'Files can be sent only in chats of the sender’s organization.',
  }),
  waiting_of_ended_chat: () => invalid({ is_waiting: ['The chat has already been ended.'] }),
  tag_not_found: () => ({ reason: 'not_found', detail: 'Tag not found.' }),
  too_many_members: () => ({ reason: 'conflict', detail: 'The chat has too many members.' }),
  too_many_variables: ({ limit }) => ({ reason: 'quota_reached', quota: 'visitor_variables', limit }),
  too_many_tags: () => ({ reason: 'conflict', detail: 'The chat has too many tags.' }),
  invitation_not_found: () => ({ reason: 'not_found', detail: 'Chat invitation not found.' }),
  invitation_to_ended_chat: () => invalid({ non_field_errors: ['The chat has ended.'] }),
  invitation_expired: () => invalid({ non_field_errors: ['The invitation has already expired.'] }),
  invitation_accepted: () => invalid({ non_field_errors: ['The invitation has already been accepted.'] }),
  invitation_of_many: () => ({ reason: 'conflict', detail: 'Others may still accept this invitation.' }),
  too_many_invitations: () => ({ reason: 'conflict', detail: 'The chat has too many invitations.' }),
  reply_suggestion_not_found: () => ({ reason: 'not_found', detail: 'Reply suggestion not found.' }),
  attachment_not_found: () => invalid({ response_to_attachment_id: ['The message has no such attachment.'] }),
  action_not_found: () => invalid({ response_to_action_id: ['The attachment has no such action.'] }),
  action_disabled: () => ({ reason: 'conflict', detail: 'The action is disabled.' }),
  response_text_required: () => invalid({ response_text: ['This field is required.'] }),
  response_value_unknown: () => invalid({ response_value: ['This is not a link of the attachment.'] }),
  suggestion_not_in_chat: () =>
    invalid({ selected_reply_suggestion_id: ['The reply suggestion does not belong to this chat.'] }),
  suggestion_without_session: ({ index }, batchSize) =>
    atMessage(index, batchSize, {
      selected_reply_suggestion_id: ['A reply suggestion can only be selected in an existing conversation.'],
    }),
  suggestion_not_in_session: ({ index }, batchSize) =>
    atMessage(index, batchSize, {
      selected_reply_suggestion_id: ['The reply suggestion does not belong to this chat session and organization.'],
    }),
  created_at_in_future: ({ index }, batchSize) =>
    atMessage(index, batchSize, { created_at: ['The time may not be in the future.'] }),
  created_at_out_of_order: ({ index }, batchSize) =>
    atMessage(index, batchSize, { created_at: ['The time may not be before that of the preceding message.'] }),
  too_many_messages: ({ seconds }) => ({ reason: 'rate_limited', seconds }),
  too_many_chats: ({ seconds }) => ({ reason: 'rate_limited', seconds }),
  key_reused: () => KEY_REUSED,
  thread_full: () => ({ reason: 'conflict', detail: 'The thread is full.' }),
  listeners_unknown: () => ({ reason: 'unavailable' }),
  newer_version: () => ({ reason: 'unavailable' }),
};

/** The response to a thread's refusal. `batchSize`: the number of `messages` in the request, when it had them. */
export function refuseThread(c: AppContext, refusal: ThreadRefusal, batchSize = 0): Refused {
  const mapped = MAPPING[refusal.reason] as (refusal: ThreadRefusal, batchSize: number) => Refusal;
  return refuse(c, mapped(refusal, batchSize));
}

function invalid(fields: FieldErrors): Refusal {
  return { reason: 'invalid', fields };
}

/** The errors of one element of `messages`, as a list with `{}` for each valid element. */
function atMessage(index: number, batchSize: number, fields: FieldErrors): Refusal {
  const length = Math.max(batchSize, index + 1);
  return invalid({ messages: Array.from({ length }, (_, place) => (place === index ? fields : {})) });
}
