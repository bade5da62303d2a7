/**
 * The bodies of a channel's webhooks (UMI documentation, 3). `seq` and `prev_seq` are the only extra keys: the event's place in
 * its thread and that of the event accepted for this receiver before it, so that a receiver sees a gap and can fill it.
 */
export type ChannelWebhook = {
  event_type: 'message_created' | 'reply_suggestion_created';
  thread_id: string;
  chat_id: string;
  messaging_channel: string;
  channel_config_id: string;
  seq: number;
  prev_seq: number | null;
} & ({ message: object } | { reply_suggestion: object });
