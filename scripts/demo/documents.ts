/**
 * The JSON of the documented examples, with placeholders for values that the hub makes. The keys are exactly the
 * documented ones and the extensions.
 */
import { type Expected, integer, time, uuid } from './expectation.ts';

export type Agent = { id: string; first_name: string; last_name: string; is_bot: boolean };

/** The answer to a registration, with the two switches that a channel has as extensions. */
export function channelDocument(channel: Record<string, Expected>, organizationId: string): Expected {
  return {
    id: uuid('CONFIG_UUID'),
    organization_id: organizationId,
    max_retry_count: 3,
    ...channel,
    created_at: time('CHANNEL_CREATED_AT'),
    modified_at: time('CHANNEL_CREATED_AT'),
    echo_user_messages: true,
    is_webhook_enabled: true,
    notify_purges: false,
  };
}

/** The answer to messages; `seqs` is an extension. `thread` and `messages` are parts of the placeholders' names. */
export function receiptDocument(
  thread: string,
  messages: readonly string[],
  isNewSession: boolean,
  session = thread,
): Expected {
  return {
    chat_id: uuid(`CHAT_SESSION_UUID${session}`),
    mapping_id: uuid(`MAPPING_UUID${thread}`),
    message_ids: messages.map((message) => uuid(`MESSAGE_UUID${message}`)),
    messages_created: messages.length,
    is_new_session: isNewSession,
    seqs: messages.map((message) => integer(`MESSAGE_SEQ${message}`)),
  };
}

type WebhookFacts = {
  thread: string;
  threadId: string;
  channel: string;
  roomId: string;
  /** Names of the placeholders of this event's seq and of the one delivered before it; null for a thread's first. */
  seq: string;
  prevSeq: string | null;
};

function webhookDocument(eventType: string, resource: Record<string, Expected>, facts: WebhookFacts): Expected {
  return {
    event_type: eventType,
    thread_id: facts.threadId,
    chat_id: uuid(`CHAT_SESSION_UUID${facts.thread}`),
    ...resource,
    messaging_channel: facts.channel,
    channel_config_id: uuid('CONFIG_UUID'),
    seq: integer(facts.seq),
    prev_seq: facts.prevSeq === null ? null : integer(facts.prevSeq),
  };
}

/** A `message_created` webhook for a message of a user. */
export function messageWebhook(
  facts: WebhookFacts,
  message: { name: string; text: string; sender: Agent; suggestion?: Record<string, Expected> },
): Expected {
  const fullName = `${message.sender.first_name} ${message.sender.last_name}`;
  return webhookDocument(
    'message_created',
    {
      message: {
        id: uuid(message.name),
        type: 'msg',
        chat_id: uuid(`CHAT_SESSION_UUID${facts.thread}`),
        room_id: facts.roomId,
        created_at: time(`${message.name} created_at`),
        sender_type: 'user',
        sender_id: message.sender.id,
        sender_public_name: fullName,
        sender_name: fullName,
        sender_avatar: null,
        message: message.text,
        is_encrypted: false,
        is_edited: false,
        sensitive_data_purged_at: null,
        selected_reply_suggestion_id: message.suggestion?.['id'] ?? null,
        selected_reply_suggestion: message.suggestion ?? null,
        attachments: [],
        attachment_template: null,
        response_to_message_id: null,
        response_to_attachment_id: null,
        response_to_attachment: null,
        response_to_action_id: null,
        response_to_action: null,
        response_text: null,
        response_value: null,
      },
    },
    facts,
  );
}

/** A `reply_suggestion_created` webhook. */
export function suggestionWebhook(
  facts: WebhookFacts,
  suggestion: { text: string; relevancyScore: number; creator: Agent; message: string; organizationId: string },
): Expected {
  const creator: Expected = {
    id: suggestion.creator.id,
    first_name: suggestion.creator.first_name,
    last_name: suggestion.creator.last_name,
    full_name: `${suggestion.creator.first_name} ${suggestion.creator.last_name}`,
    organization_id: suggestion.organizationId,
    avatar_id: null,
    avatar: null,
    is_bot: suggestion.creator.is_bot,
    is_staff: false,
  };
  return webhookDocument(
    'reply_suggestion_created',
    {
      reply_suggestion: {
        id: uuid('SUGGESTION_UUID'),
        created_by_user_id: suggestion.creator.id,
        created_by_user: creator,
        updated_by_user_id: suggestion.creator.id,
        updated_by_user: creator,
        chat_id: uuid(`CHAT_SESSION_UUID${facts.thread}`),
        message_id: uuid(suggestion.message),
        room_id: facts.roomId,
        organization_id: suggestion.organizationId,
        created_at: time('SUGGESTION created_at'),
        updated_at: time('SUGGESTION created_at'),
        suggestion: suggestion.text,
        relevancy_score: suggestion.relevancyScore,
        target_organization: null,
      },
    },
    facts,
  );
}
