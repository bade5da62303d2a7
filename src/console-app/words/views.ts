import type { ViewName, ViewOrder } from '../replica/views.ts';

/** The views of an inbox, in the order in which they are shown. */
export const VIEWS: readonly ViewName[] = ['waiting', 'mine', 'mentioned', 'open', 'bot', 'closed'];

/** `key`: after `g` it opens the view. `empty`: what the list says when nothing is in it. */
type ViewWords = { readonly name: string; readonly key: string; readonly empty: string };

export const VIEW_WORDS: Readonly<Record<ViewName, ViewWords>> = {
  waiting: { name: 'Waiting', key: 'w', empty: 'Nobody is waiting. New chats appear here by themselves.' },
  mine: { name: 'Mine', key: 'm', empty: 'You answer no chat. Take one from “Waiting”.' },
  mentioned: {
    name: 'Mentions',
    key: 'n',
    empty: 'No note mentions you. A chat whose note does appears here by itself.',
  },
  open: { name: 'All open', key: 'a', empty: 'No chat is open.' },
  bot: { name: 'With a bot', key: 'b', empty: 'No bot answers a chat alone.' },
  closed: { name: 'Closed', key: 'c', empty: 'No chat has ended yet.' },
};

export const ORDER_WORDS: Readonly<Record<ViewOrder, string>> = {
  waiting: 'Longest wait first',
  activity: 'Newest message first',
  created: 'Newest chat first',
};

/** The orders of a view; the first one is the default (docs/api.md, "Inbox"). */
export function ordersOf(view: ViewName): readonly [ViewOrder, ...ViewOrder[]] {
  if (view === 'waiting') return ['waiting', 'activity', 'created'];
  return view === 'closed' ? ['created'] : ['activity', 'waiting', 'created'];
}

export const isView = (text: unknown): text is ViewName => VIEWS.some((view) => view === text);
export const isOrder = (text: unknown): text is ViewOrder => typeof text === 'string' && text in ORDER_WORDS;
