import { createHash } from 'node:crypto';

/**
 * The name of a conversation in the threads API: the id that its outside source gives it; without a source, that of its
 * newest chat.
 */
export function conversationName(thread: { thread_id: string | null; current_chat_id: string }): string {
  return thread.thread_id ?? thread.current_chat_id;
}

/** The address of a conversation in the threads API: the MD5 of its name in UTF-8, 32 hex digits (seed 004). */
export function conversationHash(name: string): string {
  return createHash('md5').update(name).digest('hex');
}
