/** An answer, or a note for the colleagues: neither is ever taken for the other. */
export type Kind = 'draft' | 'note';

/** What one has begun to write, in this browser, by user and chat. Other tabs see it too. */
const prefix = (userId: string, kind: Kind = 'draft') => `umi.${kind}.${userId}.`;

export function readDraft(userId: string, chatId: string, kind?: Kind): string {
  return localStorage.getItem(prefix(userId, kind) + chatId) ?? '';
}

/** Keeps a draft; an empty one is forgotten. A browser that is full keeps the draft on the page only. */
export function writeDraft(userId: string, chatId: string, text: string, kind?: Kind): void {
  const place = prefix(userId, kind) + chatId;
  try {
    if (text.trim() === '') localStorage.removeItem(place);
    else localStorage.setItem(place, text);
  } catch {
    return;
  }
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();
let drafted: { userId: string; chats: ReadonlySet<string> } | null = null;

/** Calls back when the chats with a draft may have changed, also in another tab. */
export function watchDrafts(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', listener);
  };
}

/** The chats with a draft. The same set as long as nothing changes. */
export function chatsWithDraft(userId: string): ReadonlySet<string> {
  const start = prefix(userId);
  const chats = Object.keys(localStorage).flatMap((key) => (key.startsWith(start) ? [key.slice(start.length)] : []));
  const known = drafted?.userId === userId ? drafted.chats : null;
  if (known !== null && known.size === chats.length && chats.every((id) => known.has(id))) return known;
  drafted = { userId, chats: new Set(chats) };
  return drafted.chats;
}
