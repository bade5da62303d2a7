import type { InboxRow } from '../replica/known.ts';

/** What the console calls the visitor of a chat, or the chat itself. */
export function nameOf({ visitor, channel, chat }: InboxRow): string {
  if (visitor !== null) return visitor.name ?? channel?.thread_id ?? 'Visitor';
  return chat.chat_type === 'visitor' ? 'Visitor' : 'Chat between colleagues';
}
