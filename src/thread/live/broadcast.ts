import { type Cost, noCost } from '../../db/cost.ts';
import type { Command } from '../../domain/commands.ts';
import type { ReadingOf, TellNote, ViewChat } from '../../domain/queries.ts';
import type { ChatState, ThreadState, Transition } from '../../domain/state.ts';
import type { Audience } from '../../notifications/audience.ts';
import { type AudienceScope, loadAudience } from '../../notifications/load-audience.ts';
import {
  composingNotification,
  type Notification,
  noteNotification,
  type View,
  viewerNotification,
} from '../../notifications/notifications.ts';
import { withinTime } from '../../platform/timeout.ts';
import type { Timers } from '../../platform/timers.ts';
import type { ComposingStatus } from '../../resources/membership.ts';
import { type HubPurge, liveHubStub, organizationHub } from '../../rpc/live-hub.ts';
import { loadChat } from '../store/load.ts';
import { AudienceCache, type StoredAudience } from './audience-cache.ts';
import { isWithinScope, scopeOfThread, scopeWithThread } from './audience-scope.ts';
import { HubPublisher } from './hub-publisher.ts';
import { lastEventBefore, listHubs, readHubCheckpoint, replayUpdates, writeHubCheckpoint } from './replay-updates.ts';
import type { Typing } from './typing.ts';
import { Viewers } from './viewers.ts';

/** Timeout of a hub call, in ms. A late success is harmless: the hub ignores events it has. */
const WAIT_FOR_HUB = 30_000;

export type BroadcastDeps = {
  env: Env;
  sql: SqlStorage;
  state: () => ThreadState;
  background: (work: Promise<unknown>) => void;
  failed: (event: string, error: unknown) => void;
  timers: Timers;
};

/** An audience, the scope it was loaded for and the last `seq` at that time. */
export type LoadedAudience = { audience: Audience; scope: AudienceScope | null; last_seq: number };

/** Who is notified of a thread beside its channel: apps with the commit, and live hubs after it. */
export class Broadcast {
  readonly #deps: BroadcastDeps;
  readonly #audience: AudienceCache;
  readonly #publisher: HubPublisher;
  readonly #viewers = new Viewers();

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
    this.#audience = new AudienceCache({
      load: (scope, cost) => loadAudience(deps.env, cost, scope),
      failed: (error) => deps.failed('audience_unknown', error),
    });
    this.#publisher = this.#makePublisher();
  }

  /**
   * Restores the audience stored by an earlier instance. Each commit loads it for the thread as it is afterwards, too.
   */
  restore(stored: string | null, state: ThreadState): void {
    this.#audience.restore(stored, scopeOfThread(state));
  }

  /** Loads the audience of a command. Null when it cannot be known. Never rejects. */
  async loadAudience(command: Command, cost: Cost): Promise<LoadedAudience | null> {
    const { last_seq } = this.#deps.state();
    const scope = this.#scopeOf(command);
    const audience = await this.#audience.of(scope, cost);
    return audience === null ? null : { audience, scope, last_seq };
  }

  /** Whether a loaded audience still covers the command: other commands may have been committed since. */
  covers(command: Command, loaded: LoadedAudience | null): boolean {
    if (loaded === null || loaded.last_seq === this.#deps.state().last_seq) return true;
    return isWithinScope(this.#scopeOf(command), loaded.scope);
  }

  /** What a commit must store of the audience; null when nothing. */
  toStore(audience: Audience): StoredAudience | null {
    return this.#audience.toStore(audience);
  }

  /**
   * Notes a commit: its transitions above `before`, and the audience that it has stored. Publishes the transitions to
   * the hubs.
   */
  committed(
    transitions: readonly Transition[],
    before: number,
    audience: Audience,
    stored: StoredAudience | null,
  ): void {
    if (stored !== null) this.#audience.noteStored(stored);
    this.#publisher.committed(transitions, before, audience);
  }

  /** Notes who types, and sends it to the hubs. */
  noteTyping(typing: Typing, command: Command, chat: ChatState): void {
    for (const { member_id, status, isOther } of typing.note(command, chat.facts, Date.now())) {
      if (isOther) this.#showComposing(chat, member_id, status);
    }
  }

  /** Notes who looks at a chat, or (`is_leaving`) no longer, and sends it to the hubs of users. Answers who does at `now` (ms). */
  view(chat: ChatState, { viewer, is_leaving }: ViewChat, now: number): ReadingOf<ViewChat> {
    const chatId = chat.facts.id;
    if (is_leaving) this.#viewers.leave(chatId, viewer.user_id);
    const noted = is_leaving ? null : this.#viewers.note(chatId, viewer, now);
    const told = viewerNotification(viewer.user_id, noted);
    this.#deps.background(this.#tell(chat, (view) => (view === 'visitor' ? null : told)));
    return { viewers: this.#viewers.of(chatId, now) };
  }

  /** Sends a note about a chat to the hub of its organization, and to no other one. */
  tellNote(chat: ChatState, { organization_id, id, note }: TellNote): ReadingOf<TellNote> {
    const hub = organizationHub(organization_id);
    const told = noteNotification(id, note);
    this.#deps.background(this.#tell(chat, (view, name) => (view === 'organization' && name === hub ? told : null)));
    return {};
  }

  /** Sends what no log has to the hubs for which there is a notification. Never rejects. */
  async #tell(chat: ChatState, notificationFor: (view: View, hub: string) => Notification | null): Promise<void> {
    try {
      const audience = await this.#audience.of(scopeOfThread(this.#deps.state()), noCost());
      if (audience === null) return;
      this.#publisher.sendEphemeral(audience, chat, notificationFor);
    } catch (error) {
      this.#deps.failed('hub_not_told', error);
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

  /**
   * Publishes to the hubs everything they lack, also to those that have woken up since. Resolves when they have
   * answered. Never rejects.
   */
  async catchUp(): Promise<void> {
    const audience = await this.#audience.of(scopeOfThread(this.#deps.state()), noCost());
    if (audience !== null) this.#publisher.catchUp(audience);
    await this.#publisher.settled();
  }

  /**
   * Deletes from the logs of live hubs what was purged of the thread, also from those that sleep. Rejects when a hub
   * cannot be reached: what is purged must not stay there.
   */
  async purge(purged: Omit<HubPurge, 'v' | 'hub' | 'thread'>): Promise<void> {
    this.#publisher.forgetRecent();
    // A call in flight may still bring what is purged.
    await this.catchUp();
    const { env, sql, state } = this.#deps;
    const audience = this.#audience.last;
    if (audience === null) throw new Error('nobody knows which hubs the thread has');
    for (const hub of new Set([...this.#publisher.hubNames(audience), ...listHubs(sql)])) {
      const told = liveHubStub(env, hub).purge({ v: 1, hub, thread: state().name, ...purged });
      const result = await withinTime(told, WAIT_FOR_HUB);
      if (result?.ok !== true) throw new Error(`the hub did not purge: ${result?.reason ?? 'no answer in time'}`);
    }
  }

  /** Stores how far the hubs are. */
  writeCheckpoints(): void {
    this.#publisher.writeCheckpoints();
  }

  /** Whether each hub of the audience has everything, and a new instance would know that too. */
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
