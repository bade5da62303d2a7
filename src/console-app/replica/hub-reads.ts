import type { InboxCounts } from '../../resources/inbox.ts';
import type { Draft, InboxRow, Invitation, Membership, Message, Note, Suggestion, Thread } from './known.ts';
import { placeOf } from './known.ts';
import type { CallHub } from './ports.ts';

/** An answer of REST. `status` is 0 when none came; the reason is in the words of the hub. */
export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly status: number; readonly reason: string };

export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null };

/** The numbers of the views. */
export type Counts = InboxCounts;

/** How many messages an opened chat begins with, and gets with each page. */
const MESSAGES = 50;
const LARGEST_PAGE = 200;
const ALL = Number.POSITIVE_INFINITY;
const NO_INVITATIONS: Read<Page<Invitation>> = { ok: true, value: { items: [], next: null } };

/** What the replica reads by REST. Paths are relative to the hub. */
export class HubReads {
  readonly #call: CallHub;
  readonly #user: string;
  readonly #onSignedOut: () => void;

  constructor(call: CallHub, userId: string, onSignedOut: () => void) {
    this.#call = call;
    this.#onSignedOut = onSignedOut;
    this.#user = `/api/v5/users/${userId}`;
  }

  /** A list from a path on, until there are `least` rows. */
  rows(path: string, least: number): Promise<Read<Page<InboxRow>>> {
    return this.#pages<InboxRow>(path, least);
  }

  row(chatId: string): Promise<Read<InboxRow>> {
    return this.#get<InboxRow>(`${this.#user}/inbox/${chatId}`);
  }

  /** `roomId`: only chats of this room; null for all. */
  counts(roomId: string | null): Promise<Read<Counts>> {
    const room = roomId === null ? '' : `?room_id=${encodeURIComponent(roomId)}`;
    return this.#get<Counts>(`${this.#user}/inbox/counts${room}`);
  }

  /** The open ones. */
  invitations(): Promise<Read<Page<Invitation>>> {
    const open = `incoming_chat_invitations?is_accepted=false&page_size=${LARGEST_PAGE}`;
    return this.#pages<Invitation>(`${this.#user}/${open}`, ALL);
  }

  drafts(): Promise<Read<Page<Draft>>> {
    return this.#pages<Draft>(`${this.#user}/drafts?page_size=${LARGEST_PAGE}`, ALL);
  }

  /**
   * A chat with its newest messages, `least` of them if there are as many. `isOwn`: the user takes part, so it need not
   * be routed to them.
   */
  thread(chatId: string, isOwn: boolean, least: number): Promise<Read<Thread>> {
    return this.#inEither(chatId, isOwn, (chat, isOwnPath) => this.#threadBelow(chat, isOwnPath, least));
  }

  /** The notes about a chat, all of them. */
  notes(chatId: string, isOwn: boolean): Promise<Read<Page<Note>>> {
    return this.#inEither(chatId, isOwn, (chat) => this.#pages<Note>(`${chat}/notes?page_size=${LARGEST_PAGE}`, ALL));
  }

  /** The messages before those of a thread. `path`: its `older`. */
  messages(path: string): Promise<Read<Page<Message>>> {
    return this.#pages<Message>(path, 0);
  }

  /** Reads below the chat where it probably is, else where it may be too. */
  async #inEither<Value>(
    chatId: string,
    isOwn: boolean,
    readBelow: (chat: string, isOwn: boolean) => Promise<Read<Value>>,
  ): Promise<Read<Value>> {
    const below = (asMember: boolean) =>
      readBelow(`${this.#user}/${asMember ? 'chats' : 'routed_chats'}/${chatId}`, asMember);
    const read = await below(isOwn);
    return read.ok || read.status !== 404 ? read : below(!isOwn);
  }

  async #threadBelow(chat: string, isOwn: boolean, least: number): Promise<Read<Thread>> {
    const sent = `${chat}/outgoing_chat_invitations?page_size=${LARGEST_PAGE}`;
    const [messages, memberships, suggestions, outgoing] = await Promise.all([
      this.#pages<Message>(
        `${chat}/messages?ordering=-created_at&page_size=${least > MESSAGES ? LARGEST_PAGE : MESSAGES}`,
        least,
      ),
      this.#pages<Membership>(`${chat}/memberships?page_size=${LARGEST_PAGE}`, ALL),
      this.#pages<Suggestion>(`${chat}/reply_suggestions?ordering=-created_at&page_size=${LARGEST_PAGE}`, ALL),
      // Only members invite.
      isOwn ? this.#pages<Invitation>(sent, ALL) : NO_INVITATIONS,
    ]);
    if (!messages.ok) return messages;
    if (!memberships.ok) return memberships;
    if (!suggestions.ok) return suggestions;
    if (!outgoing.ok) return outgoing;
    const value = {
      messages: messages.value.items.toSorted((one, other) => placeOf(one) - placeOf(other)),
      older: messages.value.next,
      memberships: new Map(memberships.value.items.map((each) => [each.member_id, each])),
      suggestions: new Map(suggestions.value.items.map((each) => [each.id, each])),
      outgoing: new Map(outgoing.value.items.map((each) => [each.id, each])),
    };
    return { ok: true, value };
  }

  /** Pages from a path on, until there are `least` items; at least one page. */
  async #pages<Item>(path: string, least: number): Promise<Read<Page<Item>>> {
    const items: Item[] = [];
    let next: string | null = path;
    do {
      const read: Read<{ results: Item[]; next: string | null }> = await this.#get(next);
      if (!read.ok) return read;
      items.push(...read.value.results);
      next = read.value.next === null ? null : pathOf(read.value.next);
    } while (next !== null && items.length < least);
    return { ok: true, value: { items, next } };
  }

  async #get<Value>(path: string): Promise<Read<Value>> {
    try {
      const { status, body } = await this.#call({ method: 'GET', path });
      if (status === 200) return { ok: true, value: body as Value };
      if (status === 401) this.#onSignedOut();
      return { ok: false, status, reason: reasonOf(body) };
    } catch {
      return { ok: false, status: 0, reason: 'The hub cannot be reached.' };
    }
  }
}

/** `next` is a whole URL, of the origin that the hub knows itself by. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** The words of a refusal: its detail, or the messages of its fields (docs/api.md, "Errors"). Empty without any. */
export function reasonOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (Array.isArray(body)) return body.map(reasonOf).join(' ');
  if (typeof body !== 'object' || body === null) return '';
  return Object.values(body).map(reasonOf).join(' ');
}
