/**
 * The bodies of a channel's webhooks (UMI documentation, 3). `seq` and `prev_seq` are the only additional keys: the
 * `seq` of the event in its thread, and of the event accepted for this receiver before it. So a receiver can see a gap
 * and fill it.
 */
export type ChannelWebhook = {
  event_type: 'message_created' | 'reply_suggestion_created' | 'messages_purged' | 'visitor_purged';
  thread_id: string;
  chat_id: string;
  messaging_channel: string;
  channel_config_id: string;
  seq: number;
  prev_seq: number | null;
} & ({ message: object } | { reply_suggestion: object } | { purge: object });
