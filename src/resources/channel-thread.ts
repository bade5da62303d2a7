import { isoTime } from './clock.ts';

/** A thread of a channel. `current_chat_id`: its open session, or the last one. Times in ms. */
export type ChannelThreadFacts = {
  mapping_id: string;
  thread_id: string;
  current_chat_id: string;
  is_ended: 0 | 1;
  created_at: number;
  last_activity_at: number;
};

/** The thread as its channel lists it. */
export function channelThreadResource(thread: ChannelThreadFacts) {
  return {
    mapping_id: thread.mapping_id,
    thread_id: thread.thread_id,
    current_chat_id: thread.current_chat_id,
    is_ended: thread.is_ended === 1,
    created_at: isoTime(thread.created_at),
    last_activity_at: isoTime(thread.last_activity_at),
  };
}
