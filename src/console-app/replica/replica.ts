import type { LiveNotification, RefusedTopic } from '../../resources/live-frames.ts';
import { applyNotifications, CHANNELS, changesCounts, chatOf, memberOf } from './apply-notification.ts';
import { type Break, NO_BREAK, newestPlaces, WORTH_A_MARK, withMissed } from './catch-up.ts';
import { HubReads } from './hub-reads.ts';
import { type Invitation, NOTHING_KNOWN, placeOf } from './known.ts';
import { LiveClient, type LiveDependencies, type LiveStatus } from './live-client.ts';
import { Loader } from './loader.ts';
import { LOADING, Loads, READY } from './loads.ts';
import { type NewMessage, Outbox, type OutboxEntry } from './outbox.ts';
import { Passing } from './passing.ts';
import type { CallHub, Storage } from './ports.ts';
import { RecentNotifications } from './recent-notifications.ts';
import { type ReplicaState, Store } from './store.ts';
import { type TabCopy, writeCopy } from './tab-copy.ts';
import { type ViewQuery, viewKey } from './views.ts';

export type ReplicaDependencies = LiveDependencies & {
  userId: string;
  /** What the page before has left; null for nothing. */
  left: TabCopy | null;
  call: CallHub;
  storage: Storage;
  newKey(): string;
  /** Runs something a moment later, in a page before the next frame. */
  soon(run: () => void): void;
  /** A fault that the replica cannot mend. It goes on. */
  onFault(error: unknown): void;
};

/** There may be no notification when a member stops typing, or looking at a chat (docs/live.md). Times in ms. */
const TYPING_FOR = 15_000;
const VIEWING_FOR = 30_000;
/** Without a socket everything is read after this time, and again once it is there. */
const PATIENCE = 3_000;
/** Lists come from D1's copy, which follows within a second: what happened just before they were read is read then. */
const SETTLED_AFTER = 5_000;
const COUNTED_EVERY = 2_000;

/** A copy of what the hub has for one user, which stays equal to it (docs/console.md, The replica). */
export class Replica {
  readonly #dependencies: ReplicaDependencies;
  readonly #store = new Store();
  readonly #live: LiveClient;
  readonly #outbox: Outbox;
  readonly #loader: Loader;
  readonly #loads: Loads;
  readonly #recent: RecentNotifications;
  readonly #passing: Passing;
  /** Notifications that are not applied yet. */
  #waiting: LiveNotification[] = [];
  /** The last break that was long. */
  #break: Break = NO_BREAK;
  /** While there is no connection: since when (ms), and what the page had of each chat then. */
  #lost: { readonly at: number; readonly seen: Break['seen'] } | null = null;
  #isStarted = false;
  /** Whether opened chats are read: what happens in them is told from then on. */
  #isReading = false;
  #wasLive = false;
  #timers: (() => void)[] = [];

  constructor(dependencies: ReplicaDependencies) {
    const { userId, left, call, clock, storage, newKey, onFault } = dependencies;
    const onSignedOut = () => this.#store.set({ isSignedOut: true });
    this.#dependencies = dependencies;
    this.#loader = new Loader(clock, onFault);
    this.#recent = new RecentNotifications(clock);
    this.#passing = new Passing(clock);
    this.#loads = new Loads({
      userId,
      clock,
      reads: new HubReads(call, userId, onSignedOut),
      store: this.#store,
      recent: this.#recent,
      loader: this.#loader,
    });
    this.#live = new LiveClient(dependencies, CHANNELS, {
      onStatus: (live) => this.#becomes(live),
      onNotifications: (notifications) => this.#hears(notifications),
      onSubscribed: (isResumed, refused, openedAt) => this.#subscribed(isResumed, refused, openedAt),
      onReset: () => this.#reset(),
      onError: (detail) => onFault(new Error(`the hub did not understand a frame: ${detail}`)),
    });
    this.#outbox = new Outbox({
      userId,
      call,
      clock,
      storage,
      newKey,
      onChange: (outbox) => this.#store.set({ outbox }),
      onStored: ({ chat_id }, message) => this.#loads.stored(chat_id, message),
      onSignedOut,
    });
    this.#store.set({ outbox: this.#outbox.entries });
    if (left === null) return;
    const rows = new Map(left.rows.map((row) => [row.chat.id, row]));
    const known = { ...NOTHING_KNOWN, rows, routed: new Set(left.routed) };
    this.#store.set({ known, counts: left.counts, countedRoom: left.counted_room });
    this.#live.number = left.number;
  }

  /** What the next page of the tab begins with; null for nothing. `version`: which program this is. */
  leave(version: string): string | null {
    this.#apply();
    const { state } = this.#store;
    const { number } = this.#live;
    if (state.isSignedOut || number === null) return null;
    return writeCopy(state, number, { version, user_id: this.#dependencies.userId });
  }

  /** Both for `useSyncExternalStore`. */
  readonly getState = (): ReplicaState => this.#store.state;
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  start(): void {
    this.#isStarted = true;
    this.#live.start();
    this.#outbox.flush();
    for (const [key, { load }] of this.#store.state.views) if (load.is === 'loading') this.#loads.view(key);
    this.#later(PATIENCE, () => {
      if (this.#isReading) return;
      if (this.#dependencies.left !== null) this.#loads.views();
      this.#readBesides();
    });
  }

  /** What waits in the outbox stays in the storage. */
  stop(): void {
    this.#live.stop();
    this.#outbox.stop();
    this.#loader.stop();
    this.#passing.stop();
    for (const cancel of this.#timers.splice(0)) cancel();
  }

  /** The hub has said to another part of the page that nobody is signed in. */
  signedOut(): void {
    this.#store.set({ isSignedOut: true });
  }

  /** Somebody has signed in again: everything goes on where it was. */
  signedIn(): void {
    this.#store.set({ isSignedOut: false });
    this.networkIsBack();
  }

  networkIsBack(): void {
    this.#live.resume();
    this.#outbox.flush();
    this.#loader.hurry();
  }

  networkIsGone(): void {
    this.#live.loseNetwork();
  }

  setVisible(isVisible: boolean): void {
    this.#live.setVisible(isVisible);
  }

  /** Keeps a list up to date until `hideView`. Answers its key. */
  showView(query: ViewQuery): string {
    const key = viewKey(query);
    if (this.#store.state.views.has(key)) return key;
    const end = this.#dependencies.left?.ends[key];
    if (end !== undefined && !this.#wasLive) {
      // It is what it was when the page before was left, and the socket tells what has changed since.
      const last = end === null ? null : (this.#store.state.known.rows.get(end) ?? null);
      this.#store.setView(key, { query, next: null, end: last, load: READY });
      return key;
    }
    this.#store.setView(key, { query, next: null, end: null, load: LOADING });
    if (this.#isStarted) this.#loads.view(key);
    return key;
  }

  /** Counts the chats of a room from now on; null: of all. */
  countRoom(roomId: string | null): void {
    if (this.#store.state.countedRoom === roomId) return;
    this.#store.set({ countedRoom: roomId });
    if (this.#isReading) this.#loads.counts(0);
  }

  /** Reads the rows of chats that no list has, such as those to which the user is invited. */
  readRows(chatIds: readonly string[]): void {
    const { known } = this.#store.state;
    this.#loads.know({ ...known, staleRows: new Set([...known.staleRows, ...chatIds]) });
  }

  hideView(key: string): void {
    this.#loader.forget(`view/${key}`);
    this.#store.setView(key, null);
  }

  /** Reads the next page of a list. */
  loadMore(key: string): void {
    this.#loads.moreOfView(key);
  }

  /**
   * Keeps a chat with its messages up to date until `closeChat`, or until a hundred others were opened after it. `isShown`:
   * false for one that may be opened next.
   */
  openChat(chatId: string, isShown = true): void {
    const load = this.#store.state.threadLoads.get(chatId);
    this.#loads.open(chatId, isShown);
    if (load !== undefined && load.is !== 'failed') return;
    if (this.#isReading) this.#loads.thread(chatId);
    const { known } = this.#store.state;
    if (!known.rows.has(chatId)) this.#loads.know({ ...known, staleRows: new Set([...known.staleRows, chatId]) });
  }

  closeChat(chatId: string): void {
    this.#loads.close(chatId);
  }

  /** Forgets the older messages of a chat of which only the newest ones are in view. */
  shortenChat(chatId: string): void {
    this.#loads.shorten(chatId);
  }

  /**
   * Reads the notes about a chat that is shown, unless they are here: `known.notes` is kept up to date. Called again after
   * each break, it reads them again.
   */
  readNotes(chatId: string): void {
    this.#loads.notes(chatId);
  }

  /** Reads the messages before those of a chat that is open. */
  loadOlder(chatId: string): void {
    this.#loads.older(chatId);
  }

  /** Sends a message, and answers its key in the outbox. */
  send(chatId: string, content: NewMessage): string {
    const newest = this.#store.state.known.threads.get(chatId)?.messages.at(-1);
    return this.#outbox.send(chatId, content, newest === undefined ? 0 : placeOf(newest));
  }

  /** Sends a failed message again. */
  retry(key: string): void {
    this.#outbox.retry(key);
  }

  /** Whether what is on its way to a chat has been sent, once that is known (`Outbox.sent`). */
  sent(chatId: string): Promise<boolean> {
    return this.#outbox.sent(chatId);
  }

  /** Forgets a message that is not on its way, and answers it; null when it is. */
  discard(key: string): OutboxEntry | null {
    return this.#outbox.discard(key);
  }

  /** The user has seen what they had missed in a chat. */
  forgetMissed(chatId: string): void {
    this.#store.set({ missed: new Map([...this.#store.state.missed].filter(([id]) => id !== chatId)) });
  }

  /**
   * Takes the answer of a change that the user has made, before the socket tells of it. `part` as in a channel:
   * `memberships`, `tags`, `reply_suggestions`, `notes`, `viewers`, or empty for the chat itself. `resource`: null when it
   * is gone.
   */
  tell(part: string, chatId: string, resource_id: string, resource: object | null): void {
    const chats = `/api/v5/users/${this.#dependencies.userId}/chats`;
    const channel = part === '' ? chats : `${chats}/${chatId}/${part}`;
    const action = resource === null ? 'removed' : part === '' ? 'changed' : 'added';
    const told: LiveNotification = { channel, action, resource_id, resource: resource ?? { id: resource_id } };
    this.#letPass(told);
    this.#take([told]);
    this.#apply();
  }

  /** Takes an invitation that the user has answered, before the socket tells of it. */
  tellInvitation(invitation: Invitation): void {
    this.#tellOwn('incoming_chat_invitations', 'changed', invitation);
  }

  /** The user has seen what mentions them in a chat, which the hub knows. */
  tellSeen(chatId: string): void {
    this.#tellOwn('mentions', 'removed', { id: chatId });
  }

  #tellOwn(collection: string, action: LiveNotification['action'], resource: { id: string }): void {
    const channel = `/api/v5/users/${this.#dependencies.userId}/${collection}`;
    this.#take([{ channel, action, resource_id: resource.id, resource }]);
    this.#apply();
  }

  #becomes(live: LiveStatus): void {
    if (live.is === 'waiting' || live.is === 'signed_out') {
      this.#lost ??= { at: this.#dependencies.clock.now(), seen: newestPlaces(this.#store.state.known) };
    }
    this.#store.set({ live, ...(live.is === 'signed_out' ? { isSignedOut: true } : {}) });
  }

  #subscribed(isResumed: boolean, refused: readonly RefusedTopic[], openedAt: number): void {
    const lost = this.#lost;
    this.#lost = null;
    const isLong = lost !== null && this.#dependencies.clock.now() - lost.at >= WORTH_A_MARK;
    if (isResumed && isLong) this.#break = { until: openedAt, seen: lost.seen };
    this.#store.set({ refused });
    this.#loads.missNotes();
    this.#loader.hurry();
    const isBack = isResumed && this.#wasLive;
    this.#wasLive = true;
    if (isBack) this.#toldOnce();
    else if (this.#isReading) this.#readAllTwice();
    else {
      // The lists are on their way since the start, or the page before has left them. What they missed until now they have
      // when they are read again, and numbers that were left were right before.
      this.#readBesides();
      this.#later(SETTLED_AFTER, () => {
        this.#loads.views();
        if (this.#dependencies.left !== null) this.#loads.counts(0);
      });
    }
  }

  /** What was told before may have been followed by what was missed: it counts for nothing over what REST says. */
  #reset(): void {
    this.#waiting = [];
    this.#recent.forget();
    this.#readAllTwice();
    this.#toldOnce();
  }

  /** What a socket that was away is not told again. */
  #toldOnce(): void {
    this.#loads.drafts();
    this.#loads.mentions();
  }

  #readBesides(): void {
    this.#isReading = true;
    this.#loads.besides();
  }

  #readAllTwice(): void {
    this.#loads.all();
    this.#later(SETTLED_AFTER, () => this.#loads.views());
  }

  #hears(notifications: readonly LiveNotification[]): void {
    const { missed } = this.#store.state;
    const next = withMissed(missed, notifications, this.#break, this.#dependencies.userId);
    if (next !== missed) this.#store.set({ missed: next });
    for (const notification of notifications) this.#letPass(notification);
    this.#take(notifications);
  }

  /** Ends what is told once and lasts for a while: typing, and looking at a chat. */
  #letPass(notification: LiveNotification): void {
    const { channel, action, resource_id, resource } = notification;
    const { composing_status } = resource as { composing_status?: string };
    if (composing_status !== undefined) {
      const ended = { ...notification, action: 'changed' as const, resource: { composing_status: 'typed' } };
      const member = memberOf(notification, this.#dependencies.userId);
      this.#passing.end(`typing ${member}`);
      if (composing_status === 'typing') this.#passing.begin(`typing ${member}`, TYPING_FOR, () => this.#take([ended]));
    } else if (channel.endsWith('/viewers')) {
      const ended = { ...notification, action: 'removed' as const, resource: { id: resource_id } };
      const view = `view ${chatOf(notification)} ${resource_id}`;
      this.#passing.end(view);
      if (action !== 'removed') this.#passing.begin(view, VIEWING_FOR, () => this.#take([ended]));
    }
  }

  #take(notifications: readonly LiveNotification[]): void {
    const isFirst = this.#waiting.length === 0;
    this.#waiting.push(...notifications);
    this.#recent.add(notifications);
    if (isFirst) this.#dependencies.soon(() => this.#apply());
  }

  #apply(): void {
    const notifications = this.#waiting.splice(0);
    if (notifications.length === 0) return;
    this.#loads.know(applyNotifications(this.#store.state.known, notifications, this.#dependencies.userId));
    if (notifications.some(changesCounts)) this.#loads.counts(COUNTED_EVERY);
  }

  #later(milliseconds: number, then: () => void): void {
    this.#timers.push(this.#dependencies.clock.after(milliseconds, then));
  }
}
