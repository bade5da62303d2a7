import { channelResource } from '../../../resources/channel.ts';
import { isoTime } from '../../../resources/clock.ts';
import { chatPurged, messageCreated, replySuggestionCreated } from './chat-examples.ts';
import { at, ids } from './shop.ts';

const newChannel = {
  name: 'Support mailbox',
  messaging_channel: 'email',
  room_id: ids.room,
  reply_webhook_url: 'https://connector.example.com/replies',
  max_retry_count: 12,
};

const times = { created_at: at('12:22:17.511'), modified_at: at('12:22:17.511') };

/** A webhook that its receiver could not take at first. */
const state = {
  chat_id: ids.chat,
  seq: messageCreated.seq,
  status: 'exhausted',
  skip_reason: null,
  is_replay: false,
  attempt_count: 1,
  next_attempt_at: null,
  last_attempt_at: isoTime(at('12:22:18.078')),
  last_status: 500,
  last_error: null,
  created_at: isoTime(at('12:22:18.030')),
};

const delivery = { id: ids.delivery, event_type: 'message_created', thread_id: 'ticket-1', ...state };
const attempt = {
  at: isoTime(at('12:22:18.078')),
  duration_ms: 48,
  status: 500,
  response: 'Internal Server Error',
  error: null,
};

/** The parts of a delivery that the log of an app shows too. */
export const deliveryParts = { state, attempt };

/** What a test webhook brings. */
export const testResult = { success: true, status: 200, duration_ms: 48, response: 'ok', error: null };

/** By the names of components. */
export const messagingExamples = {
  Channel: channelResource({
    ...newChannel,
    ...times,
    id: ids.channel,
    organization_id: ids.organization,
    echo_user_messages: 1,
    is_webhook_enabled: 1,
    notify_purges: 0,
  }),
  NewChannel: newChannel,
  PatchChannel: { max_retry_count: 20 },
  ChannelSecret: {
    secret: 'whsec_ZXhhbXBsZSBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4=',
    previous_secret_expires_at: isoTime(at('13:22:17.511')),
  },
  RotateChannelSecret: { grace_seconds: 3600 },
  ChannelTestResult: testResult,
  ChannelThread: {
    mapping_id: ids.mapping,
    thread_id: 'ticket-1',
    current_chat_id: ids.chat,
    is_ended: false,
    created_at: isoTime(at('12:22:17.668')),
    last_activity_at: isoTime(at('12:22:18.030')),
  },
  CreateMessages: {
    messages: [
      { body: 'Where is my order?', thread_id: 'ticket-1', sender_id: 'jane@example.com', message_id: 'mail-1' },
    ],
    variables: { username: 'Jane Doe', order_number: '4711' },
  },
  MessagesCreated: {
    chat_id: ids.chat,
    mapping_id: ids.mapping,
    message_ids: [ids.question],
    seqs: [5],
    messages_created: 1,
    is_new_session: true,
  },
  MessageStatusReport: { status: 'failed', reason: 'The mailbox is full.' },
  CloseSession: { thread_id: 'ticket-1' },
  SessionClosed: {
    chat_session_id: ids.chat,
    thread_id: 'ticket-1',
    message: 'Chat session closed successfully',
    is_ended: true,
  },
  ThreadEvents: { next: null, previous: null, results: [messageCreated] },
  Delivery: delivery,
  OrganizationDelivery: {
    ...delivery,
    receiver: { type: 'channel', id: ids.channel, name: 'Support mail' },
    webhook_id: null,
    channel: null,
    resource_id: null,
  },
  DeliveryAttempt: attempt,
  DeliveryDetail: { ...delivery, attempts: [attempt], body: JSON.stringify(messageCreated), is_purged: false },
  DeliveryReplayed: { replayed: 1 },
  ReplayDeliveries: { status: 'exhausted', created_at_after: isoTime(at('12:00:00.000')) },
  Replay: { lanes: 1, replayed: 3, is_complete: true, cursor: null },
  Ledger: {
    accepted: 3,
    delivered: 2,
    pending: 0,
    exhausted: 1,
    skipped: { disabled: 0, channel_deleted: 0, purged: 0 },
  },
  MessageCreatedWebhook: messageCreated,
  ReplySuggestionCreatedWebhook: replySuggestionCreated,
  PurgeWebhook: chatPurged,
  TestWebhook: {
    event_type: 'test',
    messaging_channel: 'email',
    channel_config_id: ids.channel,
    created_at: isoTime(at('12:22:17.600')),
  },
};
