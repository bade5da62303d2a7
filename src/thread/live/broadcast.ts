import { type Cost, noCost } from '../../db/cost.ts';
import type { Command } from '../../domain/commands.ts';
import type { ChatState, ThreadState, Transition } from '../../domain/state.ts';
import type { Audience } from '../../notifications/audience.ts';
import { type AudienceScope, loadAudience } from '../../notifications/load-audience.ts';
import { composingNotification } from '../../notifications/notifications.ts';
import { withinTime } from '../../platform/timeout.ts';
import type { Timers } from '../../platform/timers.ts';
import type { ComposingStatus } from '../../resources/membership.ts';
import { liveHubStub } from '../../rpc/live-hub.ts';
import { loadChat } from '../store/load.ts';
import { AudienceCache, isWithinScope, type StoredAudience, scopeOfThread, scopeWithThread } from './audience-cache.ts';
import { HubPublisher } from './hub-publisher.ts';
import { lastEventBefore, readHubCheckpoint, replayUpdates, writeHubCheckpoint } from './replay-updates.ts';
import type { Typing } from './typing.ts';

/** A hub that has not answered for so long (ms) counts as not told; should it have heard after all, it drops the repeat. */
const WAIT_FOR_HUB = 30_000;

export type BroadcastDeps = {
  env: Env;
  sql: SqlStorage;
  state: () => ThreadState;
  background: (work: Promise<unknown>) => void;
  failed: (event: string, error: unknown) => void;
  timers: Timers;
};

/** Who is to be told of what a command leads to; whom it concerned, and how far the log went, when that was asked. */
export type LoadedAudience = { audience: Audience; scope: AudienceScope | null; last_seq: number };

/** Who listens to the thread besides its channel: apps, for the commit, and live hubs, which are told after it. */
export class Broadcast {
  readonly #deps: BroadcastDeps;
  readonly #audience: AudienceCache;
  readonly #publisher: HubPublisher;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
    this.#audience = new AudienceCache({
      load: (scope, cost) => loadAudience(deps.env, cost, scope),
      failed: (error) => deps.failed('audience_unknown', error),
    });
    this.#publisher = this.#makePublisher();
  }

  /**
   * Restores the audience that an earlier instance has stored. It was asked for with each commit, for the thread as it was after it
   * too.
   */
  restore(stored: string | null, state: ThreadState): void {
    this.#audience.restore(stored, scopeOfThread(state));
  }

  /** Who is to be told of what a command leads to; null when that cannot be known. Never rejects. */
  async loadAudience(command: Command, cost: Cost): Promise<LoadedAudience | null> {
    const { last_seq } = this.#deps.state();
    const scope = this.#scopeOf(command);
    const audience = await this.#audience.of(scope, cost);
    return audience === null ? null : { audience, scope, last_seq };
  }

  /** Whether nobody else is concerned by the command since it was asked who listens: others may have been committed meanwhile. */
  covers(command: Command, loaded: LoadedAudience | null): boolean {
    if (loaded === null || loaded.last_seq === this.#deps.state().last_seq) return true;
    return isWithinScope(this.#scopeOf(command), loaded.scope);
  }

  /** What a commit is to store of the audience; null when nothing. */
  toStore(audience: Audience): StoredAudience | null {
    return this.#audience.toStore(audience);
  }

  /** Told of a commit that took these transitions above `before`, and of what it has stored. */
  committed(
    transitions: readonly Transition[],
    before: number,
    audience: Audience,
    stored: StoredAudience | null,
  ): void {
    if (stored !== null) this.#audience.noteStored(stored);
    this.#publisher.committed(transitions, before, audience);
  }

  /** Notes who types, and shows it to those who listen now. */
  noteTyping(typing: Typing, command: Command, chat: ChatState): void {
    for (const { member_id, status, isOther } of typing.note(command, chat.facts, Date.now())) {
      if (isOther) this.#showComposing(chat, member_id, status);
    }
  }

  #scopeOf(command: Command): AudienceScope | null {
    const named = 'chat_id' in command ? command.chat_id : null;
    const state = this.#deps.state();
    const loaded = named === null || state.thread === null ? state : loadChat(this.#deps.sql, state, named);
    return scopeWithThread(loaded, command);
  }

  #showComposing(chat: ChatState, memberId: string, status: ComposingStatus): void {
    const member = chat.members.get(memberId)?.facts;
    const audience = this.#audience.last;
    if (member === undefined || audience === null) return;
    this.#publisher.sendEphemeral(audience, chat, (view) => composingNotification(member, chat.facts, status, view));
  }

  /** Tells the hubs whatever they lack, also those that have awoken since; resolves when they are told. Never rejects. */
  async catchUp(): Promise<void> {
    const audience = await this.#audience.of(scopeOfThread(this.#deps.state()), noCost());
    if (audience !== null) this.#publisher.catchUp(audience);
    await this.#publisher.settled();
  }

  writeCheckpoints(): void {
    this.#publisher.writeCheckpoints();
  }

  /** Whether every hub that is known to listen has everything, also as far as a new instance of the object knows. */
  get isSettled(): boolean {
    return this.#audience.last !== null && this.#publisher.isSettled(this.#audience.last);
  }

  #makePublisher(): HubPublisher {
    const { env, sql, state, background, failed, timers } = this.#deps;
    return new HubPublisher({
      thread: () => {
        const { name, thread, last_seq } = state();
        return thread === null ? null : { name, facts: thread, last_seq };
      },
      publish: async (request) => {
        const result = await withinTime(liveHubStub(env, request.hub).feed(request), WAIT_FOR_HUB);
        if (result === null) throw new Error('the hub did not answer in time');
        return result;
      },
      sendEphemeral: (hub, update) => liveHubStub(env, hub).mention({ v: 1, hub, told: update }),
      readCheckpoint: (hub) => readHubCheckpoint(sql, hub),
      writeCheckpoint: (hub, seq) => writeHubCheckpoint(sql, hub, seq),
      lastBefore: (time) => lastEventBefore(sql, state().last_seq, time),
      replay: (view, after, limit) => replayUpdates(sql, view, after, limit),
      timers,
      now: () => Date.now(),
      background,
      failed: (error) => failed('hub_not_told', error),
    });
  }
}
