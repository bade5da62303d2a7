import type { Cost } from '../../db/cost.ts';
import type { Command } from '../../domain/commands.ts';
import type { ChatState, ThreadState } from '../../domain/state.ts';
import { type Audience, NO_AUDIENCE } from '../../notifications/audience.ts';
import type { AudienceScope } from '../../notifications/load-audience.ts';
import { withinTime } from '../../platform/timeout.ts';
import type { RoomSet } from '../../resources/chat-grant.ts';
import { type Invitee, isOpenInvitation } from '../../resources/invitation.ts';

/** A command waits this long (ms) to learn who listens: a D1 that hangs counts as one that cannot be reached. */
export const WAIT_FOR_AUDIENCE = 2000;

/** The platform stores no row above 2 MB. Ids and names of collections only, so characters are bytes. */
const STORED_CHARACTERS = 1_500_000;
/** Stored for an audience that is too long: to a next life of the object it is unknown. */
const UNKNOWN = 'null';

export type AudienceDeps = {
  /** Rejects when it cannot be known. */
  load: (scope: AudienceScope, cost: Cost) => Promise<Audience>;
  failed: (error: unknown) => void;
};

/** An audience to be stored, and its text; null for nobody. */
export type StoredAudience = { stored: string | null; audience: Audience };

/**
 * Who is to be told of what happens in the thread. The thread keeps what it last knew, for when D1 cannot be reached: what is
 * accepted then is accepted for those.
 */
export class AudienceCache {
  /** As it was last known; null when it never was. */
  last: Audience | null = null;
  readonly #deps: AudienceDeps;
  /** Whom `last` was asked for: of others it says nothing. */
  #asked: AudienceScope | null = null;
  /** What `last` was made of: while that is the same, so is `last`. */
  #source: { found: Audience; rooms: string } | null = null;
  /** What is on disk, and the audience that it is the text of, when that is at hand. */
  #stored: string | null = null;
  #storedOf: Audience | null = null;

  constructor(deps: AudienceDeps) {
    this.#deps = deps;
  }

  /** Restores the audience that an earlier instance has stored, null for nobody, and whom it was asked for. */
  restore(stored: string | null, asked: AudienceScope | null): void {
    this.#stored = stored;
    this.#asked = asked;
    this.#storedOf = null;
    this.#source = null;
    this.last = stored === null ? NO_AUDIENCE : (JSON.parse(stored) as Audience | null);
  }

  /** The audience of a command that concerns these; null when it cannot be known and was not before. Never rejects. */
  async of(scope: AudienceScope | null, cost: Cost): Promise<Audience | null> {
    if (scope === null) return NO_AUDIENCE;
    try {
      const found = await withinTime(this.#deps.load(scope, cost), WAIT_FOR_AUDIENCE);
      if (found === null) throw new Error('D1 did not say in time who listens');
      const rooms = scope.room_ids.join();
      const isKnown = this.#source !== null && this.#source.rooms === rooms && isSame(this.#source.found, found);
      if (!isKnown) this.last = withinRooms(found, scope.room_ids);
      this.#source = { found, rooms };
      this.#asked = scope;
    } catch (error) {
      this.#deps.failed(error);
      if (!isWithinScope(scope, this.#asked)) return null;
    }
    return this.last;
  }

  /** What is to be stored with a commit; null when nothing has to be. Nobody is stored as null. */
  toStore(audience: Audience): StoredAudience | null {
    if (audience === this.#storedOf) return null;
    const isNobody = audience.installations.length === 0 && audience.hubs.length === 0;
    const text = JSON.stringify(audience);
    const stored = isNobody ? null : text.length > STORED_CHARACTERS ? UNKNOWN : text;
    if (stored !== this.#stored) return { stored, audience };
    this.#storedOf = audience;
    return null;
  }

  /** Told that it is on disk. */
  noteStored({ stored, audience }: StoredAudience): void {
    this.#stored = stored;
    this.#storedOf = audience;
  }
}

/** Whether two answers say the same: while the isolate has them from its cache, they are made of the same parts. */
function isSame(one: Audience, other: Audience): boolean {
  return (
    one.installations.length === other.installations.length &&
    one.hubs.length === other.hubs.length &&
    one.installations.every((each, place) => each === other.installations[place]) &&
    one.hubs.every((hub, place) => {
      const { organization_id, since } = other.hubs[place] ?? {};
      return hub.organization_id === organization_id && hub.since === since;
    })
  );
}

/** A subscriber may be reached by thousands of rooms, of which the thread needs to know its own. */
function withinRooms(audience: Audience, roomIds: readonly string[]): Audience {
  const trim = (reach: RoomSet | null) =>
    reach === null ? null : { ...reach, room_ids: reach.room_ids.filter((id) => roomIds.includes(id)) };
  const installations = audience.installations.map((installation) => {
    const { listener: subscriber } = installation;
    const { reach, history_reach, organization_reach } = subscriber;
    return {
      ...installation,
      listener: {
        ...subscriber,
        reach: trim(reach),
        history_reach: trim(history_reach),
        organization_reach: trim(organization_reach),
      },
    };
  });
  return { ...audience, installations };
}

/**
 * The organizations that may see the result of a command to a thread: those of the room, the actor, the chat's members and the open
 * invitations. Two rooms when the channel of an open session has moved: the session stays, the next one begins in the other. Null when
 * it cannot lead to anything: the thread does not exist and the command opens none. The state must hold the chat that the command names.
 */
export function scopeOf(state: ThreadState, command: Command): AudienceScope | null {
  const isOpening = 'database' in command;
  if (state.thread === null && !isOpening) return null;
  const chat = chatInScope(state, 'chat_id' in command ? command.chat_id : null);
  const rooms = ['room' in command ? command.room : null, chat?.facts.room ?? null].filter((room) => room !== null);
  const organizations = [
    state.thread?.organization_id,
    'organization_id' in command ? command.organization_id : null,
    ...rooms.map(({ organization_id }) => organization_id),
    'actor' in command ? command.actor?.organization_id : null,
    ...(command.type === 'receive_messages' ? command.messages.map(({ user }) => user?.organization_id) : []),
    command.type === 'invite' ? organizationOf(command.invitee) : null,
    ...(chat === undefined ? [] : organizationsOf(chat)),
  ];
  return {
    organization_ids: [...new Set(organizations.filter((id) => id !== null && id !== undefined))],
    room_ids: [...new Set(rooms.map(({ id }) => id))],
    database: isOpening ? command.database : (state.thread?.database ?? 'DB'),
  };
}

/**
 * The same for the command and for the thread as it is: what is known of who listens then stands for the thread's next commands too,
 * should nobody be able to say it anew.
 */
export function scopeWithThread(state: ThreadState, command: Command): AudienceScope | null {
  const one = scopeOf(state, command);
  const other = scopeOfThread(state);
  if (one === null || other === null) return one ?? other;
  return {
    organization_ids: [...new Set([...one.organization_ids, ...other.organization_ids])],
    room_ids: [...new Set([...one.room_ids, ...other.room_ids])],
    database: one.database,
  };
}

/** Whether everybody whom something concerns is among those who were asked for. */
export function isWithinScope(scope: AudienceScope | null, asked: AudienceScope | null): boolean {
  if (scope === null) return true;
  if (asked === null) return false;
  const { organization_ids, room_ids } = scope;
  const { organization_ids: organizations, room_ids: rooms } = asked;
  return organization_ids.every((id) => organizations.includes(id)) && room_ids.every((id) => rooms.includes(id));
}

/** Whether no app is told of a command: what it brings is history, or is not to be told (docs/compatibility.md, `skip_webhooks`). */
export function isKeptFromApps(command: Command): boolean {
  if (command.type !== 'receive_messages') return false;
  return command.skip_webhooks || command.messages.some(({ created_at }) => created_at !== null);
}

/** Whom the thread concerns as it is, without a command. */
export function scopeOfThread(state: ThreadState): AudienceScope | null {
  return scopeOf(state, { v: 1, type: 'end_overdue_chats', command_id: '' });
}

function chatInScope(state: ThreadState, named: string | null): ChatState | undefined {
  const current = state.thread?.current_chat_id;
  return (
    (named === null ? undefined : state.chats.get(named)) ??
    (current === undefined ? undefined : state.chats.get(current))
  );
}

function organizationsOf({ members, invitations }: ChatState): (string | null)[] {
  const open = [...invitations.values()].filter(({ facts }) => isOpenInvitation(facts));
  return [
    ...[...members.values()].map(({ facts }) => facts.organization_id),
    ...open.map(({ facts }) => organizationOf(facts.invitee)),
  ];
}

function organizationOf({ kind, id, organization_id }: Invitee): string | null {
  return organization_id ?? (kind === 'organization' ? id : null);
}
