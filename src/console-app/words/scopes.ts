/** What each scope is called, and what it opens (docs/operations.md, "Organizations, users, tokens"). */
const SCOPE_WORDS = {
  settings: { name: 'Settings', opens: 'the organization, rooms, channels, apps, deliveries and the audit log' },
  reports: { name: 'Reports', opens: 'the messages of all chats, also of those in which they take no part' },
  users: { name: 'Users', opens: 'people and bots with their sign-in links and tokens, and teams' },
} as const;

export type ScopeName = keyof typeof SCOPE_WORDS;

/** The scopes that somebody with these may give to others, in words. */
export function scopeChoices(own: readonly string[]): { value: ScopeName; label: string }[] {
  const names = Object.keys(SCOPE_WORDS) as ScopeName[];
  return names
    .filter((name) => own.includes(name))
    .map((value) => ({ value, label: `${SCOPE_WORDS[value].name}: ${SCOPE_WORDS[value].opens}` }));
}

/** Scopes in a line, for a table. */
export function scopesInWords(scopes: readonly string[]): string {
  if (scopes.length === 0) return 'Own chats';
  return scopes.map((scope) => (scope in SCOPE_WORDS ? SCOPE_WORDS[scope as ScopeName].name : scope)).join(', ');
}
