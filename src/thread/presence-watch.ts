import { type ChatState, openChat, type ThreadState } from './state.ts';

/** A user's object that does not answer is asked again after 30 s, then twice as long each time, up to 5 min. */
const FIRST_BACKOFF = 30_000;
const LAST_BACKOFF = 300_000;

/** Somebody whose object should tell a chat when he comes or goes, and his presence as the chat has it; `user_id` may be a visitor's. */
export type Watched = { user_id: string; organization_id: string; chat_id: string; is_present: boolean };

export type WatchPorts = {
  /** Asks the user's object to tell the chat; answers whether he is present now. */
  watch: (watched: Watched) => Promise<{ is_present: boolean }>;
  unwatch: (userId: string, chatId: string) => Promise<void>;
  /** The user's presence as the thread has it by now; null when he does not take part in the open chat. */
  recorded: (userId: string, chatId: string) => boolean | null;
  /** Writes another presence than was recorded into the log. */
  correct: (userId: string, chatId: string, isPresent: boolean) => Promise<void>;
  now: () => number;
  /** Keeps the object alive until the work is done. */
  background: (work: Promise<unknown>) => void;
  /** Told what went wrong, for the log. */
  failed: (error: unknown) => void;
};

/** The open chat with those whose presence can be followed: a visitor of a channel is never seen at the hub. Null when none is open. */
export function followedChat(state: ThreadState): ChatState | null {
  const chat = openChat(state);
  if (chat === null || state.thread?.channel_id == null) return chat;
  const users = [...chat.members].filter(([, { facts }]) => facts.member_type === 'user');
  return { ...chat, members: new Map(users) };
}

type Asking = { chat_id: string; isTold: boolean; isUnwanted: boolean };

/**
 * Which users' objects tell the open chat of their user's presence (ENGINE 5). Memory only: after a restart nobody is known
 * to, and the alarm asks again, so that a crash between a commit and its call heals. A user's object that tells a chat in
 * vain is answered so and stops.
 */
export class PresenceWatch {
  readonly #ports: WatchPorts;
  /** Chat that a user's object is known to tell, by user. */
  readonly #confirmed = new Map<string, string>();
  readonly #asking = new Map<string, Asking>();
  /** Calls that end a watch: one that begins waits for them, or it could be overtaken. */
  readonly #ending = new Map<string, Promise<void>>();
  #working: Promise<void> = Promise.resolve();
  #failures = 0;
  #retryAt = 0;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /**
   * Asks and unasks as the open chat now demands (null: none is open), in the background. `before` is the one that a change has
   * found open: an earlier life of this object may have asked for its participants.
   */
  follow(chat: ChatState | null, before: ChatState | null = null): void {
    const wanted = participantsOf(chat);
    const work: Promise<void>[] = [];
    const held = new Map(this.#confirmed);
    for (const { user_id, chat_id } of participantsOf(before).values()) {
      // One that is being asked ends with the answer.
      if (!held.has(user_id) && this.#asking.get(user_id)?.chat_id !== chat_id) held.set(user_id, chat_id);
    }
    for (const [userId, chatId] of held) {
      if (wanted.get(userId)?.chat_id === chatId) continue;
      this.#confirmed.delete(userId);
      work.push(this.#unwatch(userId, chatId));
    }
    for (const [userId, asking] of this.#asking) asking.isUnwanted = wanted.get(userId)?.chat_id !== asking.chat_id;
    for (const watched of wanted.values()) {
      if (!this.#confirmed.has(watched.user_id) && !this.#asking.has(watched.user_id)) work.push(this.#watch(watched));
    }
    if (work.length === 0) return;
    this.#working = Promise.all([this.#working, ...work]).then(() => {});
    this.#ports.background(this.#working);
  }

  /** Resolves when what was asked so far is answered. Never rejects. */
  settled(): Promise<void> {
    return this.#working;
  }

  /** Told that the user's object has told the chat itself: it knows better than an answer that is still on its way. */
  told(userId: string): void {
    const asking = this.#asking.get(userId);
    if (asking !== undefined) asking.isTold = true;
  }

  /** When the alarm should ask again (ms); null when every participant of the open chat is watched. */
  retryAt(chat: ChatState | null): number | null {
    const isMissing = [...participantsOf(chat).keys()].some((userId) => !this.#confirmed.has(userId));
    return isMissing ? Math.max(this.#retryAt, this.#ports.now() + FIRST_BACKOFF) : null;
  }

  async #watch(watched: Watched): Promise<void> {
    const { user_id, chat_id } = watched;
    const asking: Asking = { chat_id, isTold: false, isUnwanted: false };
    this.#asking.set(user_id, asking);
    try {
      await this.#ending.get(user_id);
      const { is_present } = await this.#ports.watch(watched);
      this.#failures = 0;
      if (asking.isUnwanted) {
        await this.#unwatch(user_id, chat_id);
        return;
      }
      this.#confirmed.set(user_id, chat_id);
      const recorded = this.#ports.recorded(user_id, chat_id);
      const isOther = recorded !== null && recorded !== is_present;
      if (isOther && !asking.isTold) await this.#ports.correct(user_id, chat_id, is_present);
    } catch (error) {
      this.#retryAt = this.#ports.now() + Math.min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** this.#failures);
      this.#failures += 1;
      this.#ports.failed(error);
    } finally {
      this.#asking.delete(user_id);
    }
  }

  #unwatch(userId: string, chatId: string): Promise<void> {
    const ending: Promise<void> = this.#ports
      .unwatch(userId, chatId)
      .catch((error) => this.#ports.failed(error))
      .finally(() => {
        if (this.#ending.get(userId) === ending) this.#ending.delete(userId);
      });
    this.#ending.set(userId, ending);
    return ending;
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
