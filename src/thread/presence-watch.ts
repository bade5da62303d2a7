import { type Command, newCommandId } from '../domain/commands.ts';
import { type ChatState, openChat, type ThreadState } from '../domain/state.ts';
import type { Backoff, Timers } from '../platform/timers.ts';
import { memberStub } from '../rpc/user.ts';
import { deleteWatch, readWatches, writeWatch } from './store/watches.ts';

/** Backoff of calls to a user's object that failed: half a minute at first, up to 5 min. */
const BACKOFF: Backoff = { first: 30_000, last: 300_000 };

/** Timer of the calls that failed. */
export const WATCH_TIMER = 'watch';

/**
 * A member whose object should report to a chat when they come or go, and their presence as the chat has it. `user_id`
 * may be a visitor's.
 */
export type Watched = { user_id: string; organization_id: string; chat_id: string; is_present: boolean };

export type WatchDeps = {
  /** Asks the user's object to report to the chat. Answers whether they are present now. */
  watch: (watched: Watched) => Promise<{ is_present: boolean }>;
  unwatch: (userId: string, chatId: string) => Promise<void>;
  /** The watches that user objects have confirmed: the chat, by user. */
  read: () => Map<string, string>;
  write: (userId: string, chatId: string) => void;
  delete: (userId: string) => void;
  /** The user's presence as the thread has it now; null when they do not participate in the open chat. */
  recorded: (userId: string, chatId: string) => boolean | null;
  /** Records that the user's presence is another one. */
  correct: (userId: string, chatId: string, isPresent: boolean) => Promise<void>;
  timers: Pick<Timers, 'fail' | 'clear' | 'isBackingOff'>;
  /** Keeps the object alive until the work is done. */
  background: (work: Promise<unknown>) => void;
  /** Called with each error, for the log. */
  failed: (error: unknown) => void;
};

/**
 * The open chat with the members whose presence can be followed: visitors of channels are never seen at the hub. Null
 * when no chat is open.
 */
export function followedChat(state: ThreadState): ChatState | null {
  const chat = openChat(state);
  if (chat === null || state.thread?.channel_id == null) return chat;
  const users = [...chat.members].filter(([, { facts }]) => facts.member_type === 'user');
  return { ...chat, members: new Map(users) };
}

type Asking = { chat_id: string; isReported: boolean; isUnwanted: boolean };

/**
 * Which users' objects report to the open chat. Confirmed watches are rows, so a new instance asks only for what is
 * missing. An object whose reports a chat does not need is told so, and stops.
 */
export class PresenceWatch {
  readonly #deps: WatchDeps;
  #held: Map<string, string> | null = null;
  readonly #asking = new Map<string, Asking>();
  /** Calls in flight that end a watch. A call that starts one waits for them, or the two could overtake each other. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /**
   * Starts and ends watches in the background, as the open chat requires (null: none is open). `before` is the open
   * chat before a change: an earlier instance may have asked for its members without getting the answer.
   */
  follow(chat: ChatState | null, before: ChatState | null = null): void {
    const wanted = participantsOf(chat);
    const held = new Map(this.#heldWatches());
    for (const { user_id, chat_id } of participantsOf(before).values()) {
      // A watch that is being started ends with its answer.
      if (!held.has(user_id) && this.#asking.get(user_id)?.chat_id !== chat_id) held.set(user_id, chat_id);
    }
    for (const [userId, chatId] of held) {
      if (wanted.get(userId)?.chat_id !== chatId) void this.#unwatch(userId, chatId);
    }
    for (const [userId, asking] of this.#asking) asking.isUnwanted = wanted.get(userId)?.chat_id !== asking.chat_id;
    for (const watched of wanted.values()) {
      const { user_id, chat_id } = watched;
      const isHeld = this.#heldWatches().get(user_id) === chat_id && !this.#ending.has(user_id);
      if (!isHeld && !this.#asking.has(user_id)) this.#deps.background(this.#watch(watched));
    }
    if (this.isSettled(chat)) this.#deps.timers.clear(WATCH_TIMER);
  }

  /** Whether exactly the participants of the open chat are watched, and no call is in flight. */
  isSettled(chat: ChatState | null): boolean {
    const wanted = participantsOf(chat);
    const held = this.#heldWatches();
    const isAll = held.size === wanted.size && [...wanted].every(([id, { chat_id }]) => held.get(id) === chat_id);
    return isAll && this.#asking.size === 0 && this.#ending.size === 0;
  }

  /** Notes that the user's object has reported to the chat. That is newer than any answer still on its way. */
  noteReport(userId: string): void {
    const asking = this.#asking.get(userId);
    if (asking !== undefined) asking.isReported = true;
  }

  #heldWatches(): Map<string, string> {
    this.#held ??= this.#deps.read();
    return this.#held;
  }

  async #watch(watched: Watched): Promise<void> {
    const { user_id, chat_id } = watched;
    const asking: Asking = { chat_id, isReported: false, isUnwanted: false };
    this.#asking.set(user_id, asking);
    try {
      await this.#ending.get(user_id);
      const { is_present } = await this.#deps.watch(watched);
      if (asking.isUnwanted) {
        await this.#unwatch(user_id, chat_id);
        return;
      }
      this.#heldWatches().set(user_id, chat_id);
      this.#deps.write(user_id, chat_id);
      const recorded = this.#deps.recorded(user_id, chat_id);
      const isOther = recorded !== null && recorded !== is_present;
      if (isOther && !asking.isReported) await this.#deps.correct(user_id, chat_id, is_present);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#asking.delete(user_id);
    }
  }

  /** Ends a watch. It counts as confirmed until that has succeeded. Never rejects. */
  #unwatch(userId: string, chatId: string): Promise<void> {
    const known = this.#ending.get(userId);
    if (known !== undefined) return known;
    const ending = this.#end(userId, chatId).finally(() => {
      this.#ending.delete(userId);
    });
    this.#ending.set(userId, ending);
    this.#deps.background(ending);
    return ending;
  }

  async #end(userId: string, chatId: string): Promise<void> {
    try {
      await this.#deps.unwatch(userId, chatId);
      if (this.#heldWatches().get(userId) !== chatId) return;
      this.#heldWatches().delete(userId);
      this.#deps.delete(userId);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    // The calls of one round fail together and count once.
    if (!this.#deps.timers.isBackingOff(WATCH_TIMER)) this.#deps.timers.fail(WATCH_TIMER, BACKOFF);
    this.#deps.failed(error);
  }
}

function participantsOf(chat: ChatState | null): Map<string, Watched> {
  const found = new Map<string, Watched>();
  if (chat === null || chat.facts.ended_at !== null) return found;
  for (const { facts } of chat.members.values()) {
    const { member_id, member_type, is_participating, is_present } = facts;
    const organization_id = member_type === 'visitor' ? chat.facts.organization_id : facts.organization_id;
    if (!is_participating || organization_id === null) continue;
    found.set(member_id, { user_id: member_id, organization_id, chat_id: chat.facts.id, is_present });
  }
  return found;
}

/** What the watch needs of its thread's object. */
export type WatchingThread = {
  env: Env;
  sql: SqlStorage;
  timers: Timers;
  state: () => ThreadState;
  execute: (command: Command) => Promise<unknown>;
  background: (work: Promise<unknown>) => void;
  failed: (error: unknown) => void;
};

/**
 * The presence watch of a thread's object: it calls the objects of users and visitors, and stores what they confirm in
 * the thread's rows.
 */
export function watchUsers({ env, sql, timers, state, execute, background, failed }: WatchingThread): PresenceWatch {
  return new PresenceWatch({
    watch: ({ user_id, organization_id, chat_id, is_present }) =>
      memberStub(env, user_id).watch({ v: 1, owner: { user_id, organization_id }, chat_id, is_present }),
    unwatch: (userId, chat_id) => memberStub(env, userId).unwatch({ v: 1, chat_id }),
    read: () => readWatches(sql),
    write: (userId, chatId) => writeWatch(sql, userId, chatId),
    delete: (userId) => deleteWatch(sql, userId),
    recorded: (userId, chatId) => {
      const chat = openChat(state());
      const member = chat?.facts.id === chatId ? chat.members.get(userId)?.facts : undefined;
      return member?.is_participating === true ? member.is_present : null;
    },
    correct: async (user_id, chat_id, is_present) => {
      await execute({ v: 1, type: 'change_presence', command_id: newCommandId(), chat_id, user_id, is_present });
    },
    timers,
    background,
    failed,
  });
}
