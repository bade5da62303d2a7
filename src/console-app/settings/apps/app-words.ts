import type { AppTrigger } from '../../../resources/app.ts';

/** What a scope lets an app do, for those who decide whether it may. */
export const SCOPE_WORDS: Readonly<Record<string, string>> = {
  settings: 'Change settings: channels, rooms, routers, apps and the organization. Read and send messages of channels.',
  reports: 'Read all chats of all rooms, also those that are private.',
  users: 'Add, change and delete users, and give them tokens. So it can act as any user.',
};

/** The moments at which a console opens an app. */
export const TRIGGER_WORDS: Readonly<Record<AppTrigger, string>> = {
  install: 'When it is installed',
  uninstall: 'When it is uninstalled (called by the hub)',
  setup: 'To be set up',
  manual_nav: 'From the navigation',
  manual_dialog: 'In a dialog, on request',
  chat_start: 'When a chat starts',
  chat_end: 'When a chat ends',
  chat_open: 'When a chat is opened',
  chat_close: 'When a chat is closed',
  chat_focus: 'When a chat is looked at',
  console_load: 'When the console is loaded',
};

const ORGANIZATION = '/api/v5/orgs/{organization_id}';
const BOT = '/api/v5/users/{user_id}';

/** Channels that most apps need, to choose from. */
export const PATTERN_EXAMPLES: readonly string[] = [
  `${ORGANIZATION}/owned_chats`,
  `${ORGANIZATION}/owned_chats/*/messages`,
  `${ORGANIZATION}/owned_chats/*/memberships`,
  `${ORGANIZATION}/owned_chats/*/tags`,
  `${ORGANIZATION}/owned_chats/*/reply_suggestions`,
  `${ORGANIZATION}/owned_chats/*/purges`,
  `${BOT}/routed_chats`,
  `${BOT}/routed_chats/*/messages`,
  `${BOT}/pending_chats`,
  `${BOT}/chats/*/messages`,
  `${BOT}/incoming_chat_invitations`,
];

/** The chats of a collection (docs/api.md, "Chats"). */
const CHATS: readonly (readonly [path: string, words: string])[] = [
  ['orgs/owned_chats', 'all chats of the organization’s rooms'],
  ['orgs/routed_chats', 'all chats of the organization’s rooms, and of rooms that others share with it'],
  ['orgs/involved_chats', 'chats in which somebody of the organization takes part'],
  ['orgs/rooms/*/visitors/*/chats', 'chats of a visitor in a room'],
  ['orgs/rooms/*/chats', 'chats of a room'],
  ['orgs/rooms/*/pending_chats', 'waiting chats of a room'],
  ['users/chats', 'chats in which the app takes part'],
  ['users/routed_chats', 'chats that are routed to the app'],
  ['users/pending_chats', 'waiting chats that are routed to the app'],
];

/** What of the chats. */
const PARTS: Readonly<Record<string, string>> = {
  messages: 'Messages in',
  memberships: 'Who joins and leaves, in',
  tags: 'Tags of',
  reply_suggestions: 'Suggested answers in',
  purges: 'What is purged from',
  outgoing_chat_invitations: 'Invitations into',
};

const OTHERS: Readonly<Record<string, string>> = {
  'users/chat_memberships': 'The app’s own part in chats',
  'users/incoming_chat_invitations': 'Invitations of the app into chats',
};

const ID = /^[0-9a-f-]{32,36}$/i;

/** What an app is told by a channel, in words. The path itself when there are none for it. */
export function wordsOfPattern(pattern: string): string {
  const [, api, version, owner, ownerId, ...rest] = pattern.split('/');
  if (api !== 'api' || version !== 'v5' || owner === undefined || ownerId === undefined) return pattern;
  const path = [owner, ...rest.map((segment) => (ID.test(segment) ? '*' : segment))].join('/');
  const other = OTHERS[path];
  if (other !== undefined) return other;
  const found = CHATS.find(([chats]) => path === chats || path.startsWith(`${chats}/*/`));
  if (found === undefined) return pattern;
  const [chats, words] = found;
  const which = rest.some((segment) => ID.test(segment)) ? `${words} (only those that the path names)` : words;
  if (path === chats) return `The state of ${which}`;
  const part = PARTS[path.split('/').at(-1) ?? ''];
  return part === undefined ? pattern : `${part} ${which}`;
}

export type ToldChanges = { readonly on_added: boolean; readonly on_changed: boolean; readonly on_removed: boolean };

/** Of which changes an app is told. */
export function wordsOfChanges({ on_added, on_changed, on_removed }: ToldChanges): string {
  const words = [on_added ? 'added' : null, on_changed ? 'changed' : null, on_removed ? 'removed' : null];
  return words.filter((word) => word !== null).join(' or ');
}
