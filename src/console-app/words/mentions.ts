/** Somebody whom a note may mention, or mentions. */
export type Named = { readonly id: string; readonly name: string };

/** A part of a note: `user_ids` of those whom it mentions, none for a text like any other. */
export type NotePart = { readonly text: string; readonly user_ids: readonly string[] };

/**
 * A note in parts. It mentions somebody by `@` and their name; of two names of which one begins the other the longer one
 * counts, and those of one name are mentioned together.
 */
export function partsOf(message: string, people: readonly Named[]): NotePart[] {
  const idsOf = new Map<string, string[]>();
  for (const { id, name } of people) if (name !== '') idsOf.set(name, [...(idsOf.get(name) ?? []), id]);
  if (idsOf.size === 0 || !message.includes('@')) return [{ text: message, user_ids: [] }];
  const names = [...idsOf.keys()].sort((one, other) => other.length - one.length).map(escaped);
  const parts = message.split(new RegExp(`(?<![\\p{L}\\p{N}])@(${names.join('|')})(?![\\p{L}\\p{N}])`, 'u'));
  return parts.flatMap((part, place) => {
    if (place % 2 === 1) return [{ text: `@${part}`, user_ids: idsOf.get(part) ?? [] }];
    return part === '' ? [] : [{ text: part, user_ids: [] }];
  });
}

/** The ids of those whom a note mentions, each once. */
export function mentionedIn(message: string, people: readonly Named[]): string[] {
  return [...new Set(partsOf(message, people).flatMap(({ user_ids }) => user_ids))];
}

/** Only what has a meaning in a pattern: with the flag `u` any other escape, such as of a hyphen, is an error. */
const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
