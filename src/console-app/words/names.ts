import type { InboxRow, Viewer } from '../replica/known.ts';

/** What the console calls the visitor of a chat, or the chat itself. */
export function nameOf({ visitor, channel, chat }: InboxRow): string {
  if (visitor !== null) return visitor.name ?? channel?.thread_id ?? 'Visitor';
  return chat.chat_type === 'visitor' ? 'Visitor' : 'Chat between colleagues';
}

/** Who else writes in a chat, by name; empty for nobody. */
export function writersOf(row: InboxRow, typing: ReadonlySet<string> | undefined, userId: string): string {
  if (typing === undefined) return '';
  const nameOfMember = (id: string) =>
    id === row.visitor?.id ? nameOf(row) : row.participants.find(({ member_id }) => member_id === id)?.member_name;
  return [...typing].flatMap((id) => (id === userId ? [] : (nameOfMember(id) ?? 'Somebody'))).join(', ');
}

/** Who else looks at a chat, by name; empty for nobody. */
export function viewersOf(viewers: ReadonlyMap<string, Viewer> | undefined, userId: string): string {
  if (viewers === undefined) return '';
  return [...viewers.values()].flatMap(({ user_id, name }) => (user_id === userId ? [] : name)).join(', ');
}

/**
 * A text of the console with names in it, without the marks that turn text around (U+202A–202E, U+2066–2069). A name
 * may have them, and everything after it would be turned too. An element with nothing but the name needs no such care.
 */
export const withoutDirectionMarks = (text: string): string => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '');
