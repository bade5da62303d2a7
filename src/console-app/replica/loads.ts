import type { LiveNotification } from '../../resources/live-frames.ts';
import { chatOf } from './apply-notification.ts';
import type { HubReads, Page, Read } from './hub-reads.ts';
import { withDraft } from './inbox-row.ts';
import { findMessage, type InboxRow, type Known, type Message, type Thread, withMessage } from './known.ts';
import type { Loader } from './loader.ts';
import type { Clock } from './ports.ts';
import type { RecentNotifications } from './recent-notifications.ts';
import { type Store, withEntry } from './store.ts';
import { compareRows, type Load, rowsOfView, type ViewQuery, viewPath, withoutOldRows } from './views.ts';

export type LoadsDependencies = {
  userId: string;
  clock: Clock;
  reads: HubReads;
  store: Store;
  recent: RecentNotifications;
  loader: Loader;
};

/** A chat that the lists do not have yet may come. */
const TRIES_OF_ROW = 3;
const ROWS_AT_ONCE = 4;
const MANY_NEW_ROWS = 50;
/** The copy in D1 has by then what was told before (ms). */
const SETTLED_AFTER = 2_000;
/** The copy in D1 needs a moment: a row that was just read is read again after this time (ms). */
const READ_AGAIN_AFTER = 1_000;
const LARGEST_PAGE = 200;
/** So many opened chats stay here with their newest messages, and so many of them are read again after a reset. */
const KEPT = 100;
const READ_AGAIN = 10;
/** With more messages than that, a thread is not kept whole. */
const LONG_THREAD = 500;
/** So many rows of ended chats stay here though nothing shows them. */
const SPARE_ROWS = 1_000;
export const LOADING: Load = { is: 'loading' };
export const READY: Load = { is: 'ready' };

/** Reads by REST what the replica shows, and again what notifications do not tell. */
export class Loads {
  readonly #dependencies: LoadsDependencies;
  /** The rows that are being read. */
  readonly #triesOfRow = new Map<string, number>();
  /** The chats whose notes are told since they were read. */
  readonly #told = new Set<string>();
  /** What is read once the lists are here. */
  #isMoreDue = false;
  /** With more rows than that, those that nothing shows are looked for. */
  #manyRows = SPARE_ROWS;

  constructor(dependencies: LoadsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Everything that is shown. */
  all(): void {
    this.views();
    this.besides();
  }

  /** What is shown beside the lists, and numbers once those are here. Opened chats that were shown long ago are forgotten. */
  besides(): void {
    const opened = [...this.#state.threadLoads.keys()];
    for (const chatId of opened.slice(0, -READ_AGAIN)) this.close(chatId);
    for (const chatId of opened.slice(-READ_AGAIN)) this.thread(chatId);
    this.#isMoreDue = true;
    if (![...this.#state.views.values()].some(({ load }) => load.is === 'loading')) this.#more();
  }

  #more(): void {
    if (!this.#isMoreDue) return;
    this.#isMoreDue = false;
    this.counts(0);
    this.#invitations();
  }

  /** Opens a chat. The one that is shown is the last of the opened ones, and those that were shown long ago are closed. */
  open(chatId: string, isShown: boolean): void {
    const { threadLoads } = this.#state;
    const load = threadLoads.get(chatId);
    const isKnown = load !== undefined && load.is !== 'failed';
    if (isKnown && !isShown) return;
    const others = [...threadLoads].filter(([id]) => id !== chatId);
    const place = isShown ? others.length : Math.max(0, others.length - 1);
    this.#dependencies.store.set({
      threadLoads: new Map(others.toSpliced(place, 0, [chatId, isKnown ? load : LOADING])),
    });
    for (const [index, [id]] of others.entries()) {
      const isLong = isShown && this.#messagesOf(id) > LONG_THREAD;
      if (isLong || index < others.length + 1 - KEPT) this.close(id);
    }
  }

  close(chatId: string): void {
    const { store, loader } = this.#dependencies;
    loader.forget(`thread/${chatId}`);
    this.#told.delete(chatId);
    store.setThreadLoad(chatId, null);
    const { known } = this.#state;
    const [threads, notes] = [withEntry(known.threads, chatId, null), withEntry(known.notes, chatId, null)];
    store.set({ known: { ...known, threads, notes } });
  }

  /** Forgets the older messages of a thread that has become long. They can be read again. */
  shorten(chatId: string): void {
    if (this.#dependencies.loader.has(`thread/${chatId}`)) return;
    if (this.#messagesOf(chatId) > LONG_THREAD) this.thread(chatId, 0);
  }

  views(): void {
    for (const key of this.#state.views.keys()) this.view(key);
  }

  /** A list, with as many rows as it shows. `delay` in ms. */
  view(key: string, delay = 0): void {
    const { store, loader, userId } = this.#dependencies;
    const view = this.#state.views.get(key);
    if (view === undefined) return;
    store.setView(key, { ...view, load: LOADING });
    const shown = rowsOfView(this.#state.known, view).length;
    loader.ask(`view/${key}`, () => this.#readView(key, viewPath(userId, view.query), shown, true), delay);
  }

  /** The next page of a list. */
  moreOfView(key: string): void {
    const next = this.#state.views.get(key)?.next;
    const name = `view/${key}`;
    if (next == null || this.#dependencies.loader.has(name)) return;
    this.#dependencies.loader.ask(name, () => this.#readView(key, next, 0, false));
  }

  /** A chat that is open, with `least` messages: as many as it shows. */
  thread(chatId: string, least = this.#messagesOf(chatId), pause = 0): void {
    const { loader, reads, store, clock, recent, userId } = this.#dependencies;
    const work = async () => {
      if (!this.#state.threadLoads.has(chatId)) return true;
      const asked = clock.now();
      const read = await reads.thread(chatId, this.#isOwn(chatId), least);
      if (!this.#state.threadLoads.has(chatId)) return true;
      store.setThreadLoad(chatId, read.ok ? READY : failed(read));
      if (!read.ok && !isFinal(read)) return false;
      const next = this.#state.known;
      const threads = withEntry(next.threads, chatId, read.ok ? read.value : null);
      const staleThreads = without(next.staleThreads, chatId);
      this.know(recent.replay({ ...next, threads, staleThreads }, (told) => chatOf(told) === chatId, userId, asked));
      return true;
    };
    loader.askAfter(`thread/${chatId}`, work, pause);
  }

  /** The messages before those of a chat that is open. */
  older(chatId: string): void {
    const { loader, reads, store } = this.#dependencies;
    const older = this.#state.known.threads.get(chatId)?.older;
    if (older == null) return;
    loader.ask(`older/${chatId}`, async () => {
      const read = await reads.messages(older);
      const thread = this.#state.known.threads.get(chatId);
      if (!read.ok) return isFinal(read);
      // The thread was read again meanwhile.
      if (thread?.older !== older) return true;
      store.set({ known: this.#withThread(chatId, withOlder(thread, read.value)) });
      return true;
    });
  }

  /**
   * An own message that the hub has stored. The row waits for the socket, which tells of everything in its order. What it
   * has told before this answer may be newer, such as that the message was not delivered.
   */
  stored(chatId: string, message: Message): void {
    const thread = this.#state.known.threads.get(chatId);
    if (thread === undefined || findMessage(thread.messages, message.id) !== undefined) return;
    const messages = withMessage(thread.messages, message);
    this.#dependencies.store.set({ known: this.#withThread(chatId, { ...thread, messages }) });
  }

  /** The drafts on all devices, whole. They are not told again to a socket that was away. */
  drafts(): void {
    const { loader, reads, recent, userId, clock } = this.#dependencies;
    loader.ask('drafts', async () => {
      const asked = clock.now();
      const read = await reads.drafts();
      if (!read.ok) return isFinal(read);
      const drafts = new Map(read.value.items.map((each) => [each.chat_id, each]));
      const { known } = this.#state;
      const rows = new Map([...known.rows].map(([id, row]) => [id, withDraft(row, drafts.get(id) ?? null)]));
      const isOfDraft = ({ channel }: LiveNotification) => channel.endsWith('/drafts');
      this.know(recent.replay({ ...known, drafts, rows }, isOfDraft, userId, asked));
      return true;
    });
  }

  /** The chats in which a note mentions the user. They are not told again to a socket that was away. */
  mentions(): void {
    const { loader, reads, recent, userId, clock } = this.#dependencies;
    const query = { view: 'mentioned', order: 'created', room_id: null } as const;
    loader.ask('mentions', async () => {
      const asked = clock.now();
      const read = await reads.rows(`${viewPath(userId, query)}&page_size=${LARGEST_PAGE}`, 0);
      if (!read.ok) return isFinal(read);
      const { items, next } = read.value;
      const ids = new Set(items.map(({ chat }) => chat.id));
      const isOver = ([id, { mention }]: [string, InboxRow]) => next === null && mention !== null && !ids.has(id);
      const { known } = this.#state;
      const over = [...known.rows].filter(isOver).map(([id, row]) => [id, { ...row, mention: null }] as const);
      const isOfMention = ({ channel }: LiveNotification) => channel.endsWith('/mentions');
      const rows = new Map([...known.rows, ...over]);
      this.know(recent.replay({ ...known, rows }, isOfMention, userId, asked));
      this.#takeRows(items, query, asked);
      return true;
    });
  }

  /** The notes about a chat, unless they are here. */
  notes(chatId: string): void {
    const { loader, reads, recent, userId, clock } = this.#dependencies;
    if (this.#told.has(chatId)) return;
    loader.ask(`notes/${chatId}`, async () => {
      const asked = clock.now();
      this.#told.add(chatId);
      const read = await reads.notes(chatId, this.#isOwn(chatId));
      if (!read.ok) {
        this.#told.delete(chatId);
        return isFinal(read);
      }
      const { known } = this.#state;
      const notes = withEntry(known.notes, chatId, new Map(read.value.items.map((each) => [each.id, each])));
      const isOfNote = (told: LiveNotification) => chatOf(told) === chatId && told.channel.endsWith('/notes');
      this.know(recent.replay({ ...known, notes }, isOfNote, userId, asked));
      return true;
    });
  }

  /** The socket was away, and notes are not told again: `notes` reads them once more. */
  missNotes(): void {
    this.#told.clear();
  }

  /** `delay` in ms: what changes meanwhile is counted once. */
  counts(delay: number): void {
    const { loader, reads, store } = this.#dependencies;
    const work = async () => {
      const { countedRoom } = this.#state;
      const read = await reads.counts(countedRoom);
      if (countedRoom !== this.#state.countedRoom) return false;
      if (read.ok) store.set({ counts: read.value });
      return read.ok || isFinal(read);
    };
    loader.ask('counts', work, delay);
  }

  /** Takes a copy, and reads what is stale in it. Of very many new chats the lists say more with fewer requests. */
  know(taken: Known): void {
    const next = this.#withoutOldRows(taken);
    const news = [...next.staleRows].filter((chatId) => !next.rows.has(chatId));
    const isMany = news.length > MANY_NEW_ROWS;
    const known = isMany
      ? { ...next, staleRows: new Set([...next.staleRows].filter((id) => next.rows.has(id))) }
      : next;
    this.#dependencies.store.set({ known });
    if (isMany) for (const key of this.#state.views.keys()) this.view(key, SETTLED_AFTER);
    for (const chatId of known.staleThreads) this.thread(chatId, undefined, READ_AGAIN_AFTER);
    if ([...this.#state.threadLoads.keys()].some((chatId) => hasUnreadDraft(known, chatId))) this.drafts();
    for (const chatId of known.staleRows) {
      if (this.#triesOfRow.size >= ROWS_AT_ONCE) break;
      if (!this.#triesOfRow.has(chatId)) this.#row(chatId);
    }
  }

  #withoutOldRows(known: Known): Known {
    if (known.rows.size <= this.#manyRows) return known;
    const { views } = this.#state;
    const kept = withoutOldRows(known, [...views.values()], SPARE_ROWS);
    this.#manyRows = kept.rows.size + SPARE_ROWS;
    return kept;
  }

  #messagesOf(chatId: string): number {
    return this.#state.known.threads.get(chatId)?.messages.length ?? 0;
  }

  #isOwn(chatId: string): boolean {
    return this.#state.known.rows.get(chatId)?.own.is_participating ?? false;
  }

  get #state() {
    return this.#dependencies.store.state;
  }

  #withThread(chatId: string, thread: Thread): Known {
    const { known } = this.#state;
    return { ...known, threads: withEntry(known.threads, chatId, thread) };
  }

  async #readView(key: string, from: string, least: number, isFromStart: boolean): Promise<boolean> {
    const { reads, store, clock } = this.#dependencies;
    const asked = clock.now();
    const read = await reads.rows(least > 50 ? `${from}&page_size=${LARGEST_PAGE}` : from, least);
    this.#more();
    const view = this.#state.views.get(key);
    if (view === undefined) return true;
    if (!read.ok) {
      store.setView(key, { ...view, load: failed(read) });
      return isFinal(read);
    }
    const { items, next } = read.value;
    const last = items.toSorted(compareRows(view.query.order)).at(-1) ?? view.end;
    const end = next === null ? null : last;
    store.setView(key, { ...view, next, end, load: READY });
    this.#takeRows(items, view.query, asked);
    if (isFromStart) this.#doubtOthers(key, items);
    return true;
  }

  #takeRows(items: readonly InboxRow[], { view }: ViewQuery, asked: number): void {
    const { recent, userId } = this.#dependencies;
    const { known } = this.#state;
    const rows = new Map(known.rows);
    const routed = new Set(known.routed);
    const staleRows = new Set(known.staleRows);
    for (const row of items) {
      rows.set(row.chat.id, row);
      staleRows.delete(row.chat.id);
      this.#dependencies.loader.forget(`row/${row.chat.id}`);
      this.#triesOfRow.delete(row.chat.id);
      if (view !== 'mine' && view !== 'mentioned') routed.add(row.chat.id);
    }
    const ids = new Set(items.map(({ chat }) => chat.id));
    this.know(recent.replay({ ...known, rows, routed, staleRows }, (told) => ids.has(chatOf(told)), userId, asked));
  }

  /** Rows that a list seems to have, and that REST did not give for it, are read one by one. */
  #doubtOthers(key: string, items: readonly InboxRow[]): void {
    const { known, views } = this.#state;
    const view = views.get(key);
    const ids = new Set(items.map(({ chat }) => chat.id));
    const others = view === undefined ? [] : rowsOfView(known, view).filter(({ chat }) => !ids.has(chat.id));
    this.know({ ...known, staleRows: new Set([...known.staleRows, ...others.map(({ chat }) => chat.id)]) });
  }

  #row(chatId: string): void {
    const { loader, reads, recent, userId, clock } = this.#dependencies;
    this.#triesOfRow.set(chatId, 0);
    const work = async () => {
      const asked = clock.now();
      const tries = (this.#triesOfRow.get(chatId) ?? 0) + 1;
      this.#triesOfRow.set(chatId, tries);
      const read = await reads.row(chatId);
      if (!read.ok && (read.status === 404 ? tries < TRIES_OF_ROW : !isFinal(read))) return false;
      this.#triesOfRow.delete(chatId);
      const { known } = this.#state;
      const rows = withEntry(known.rows, chatId, read.ok ? read.value : null);
      const next = { ...known, rows, staleRows: without(known.staleRows, chatId) };
      this.know(read.ok ? recent.replay(next, (told) => chatOf(told) === chatId, userId, asked) : next);
      return true;
    };
    loader.askAfter(`row/${chatId}`, work, READ_AGAIN_AFTER);
  }

  #invitations(): void {
    const { loader, reads, recent, userId, clock } = this.#dependencies;
    loader.ask('invitations', async () => {
      const asked = clock.now();
      const read = await reads.invitations();
      if (!read.ok) return isFinal(read);
      const invitations = new Map(read.value.items.map((each) => [each.id, each]));
      this.know(recent.replay({ ...this.#state.known, invitations }, (told) => chatOf(told) === '', userId, asked));
      return true;
    });
  }
}

/** Whether another attempt would give the same. */
function isFinal(read: Read<unknown>): boolean {
  return !read.ok && read.status !== 0 && read.status !== 401 && read.status !== 429 && read.status < 500;
}

function failed({ status, reason }: { status: number; reason: string }): Load {
  return { is: 'failed', status, reason };
}

function without(set: ReadonlySet<string>, entry: string): ReadonlySet<string> {
  const next = new Set(set);
  next.delete(entry);
  return next;
}

/** A page has messages that are older than all that are here, the newest first. */
function withOlder(thread: Thread, { items, next }: Page<Message>): Thread {
  return { ...thread, messages: [...items.toReversed(), ...thread.messages], older: next };
}

/** Whether somebody has begun to write in a chat, and only the first characters of it are here. */
function hasUnreadDraft({ rows, drafts }: Known, chatId: string): boolean {
  return rows.get(chatId)?.draft != null && !drafts.has(chatId);
}
