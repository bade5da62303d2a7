import type { Cost } from '../../db/cost.ts';
import { type Audience, NO_AUDIENCE } from '../../notifications/audience.ts';
import type { AudienceScope } from '../../notifications/load-audience.ts';
import { withinTime } from '../../platform/timeout.ts';
import type { RoomSet } from '../../resources/chat-grant.ts';
import { isWithinScope } from './audience-scope.ts';

/** Longest wait of a command for its audience (ms). A D1 that hangs counts as one that cannot be reached. */
export const WAIT_FOR_AUDIENCE = 2000;

/**
 * Longest audience that is stored: the platform stores no row above 2 MB. It consists of ids and names of collections,
 * so characters are bytes.
 */
const STORED_CHARACTERS = 1_500_000;
/** Stored in place of an audience that is too long. A later instance reads it as unknown. */
const UNKNOWN = 'null';

export type AudienceDeps = {
  /** Loads an audience. Rejects when it cannot be known. */
  load: (scope: AudienceScope, cost: Cost) => Promise<Audience>;
  failed: (error: unknown) => void;
};

/** An audience to be stored, and its JSON; null for nobody. */
export type StoredAudience = { stored: string | null; audience: Audience };

/** The audience of a thread. The thread stores the last one that it knew, and uses it while D1 cannot be reached. */
export class AudienceCache {
  /** The last audience that was loaded; null when none was. */
  last: Audience | null = null;
  readonly #deps: AudienceDeps;
  /** The scope that `last` was loaded for. For other organizations it says nothing. */
  #asked: AudienceScope | null = null;
  /** What `last` was made from. As long as that is equal, `last` stays the same object. */
  #source: { found: Audience; rooms: string } | null = null;
  /** The stored JSON, and the audience that it was made from, if that is known. */
  #stored: string | null = null;
  #storedOf: Audience | null = null;

  constructor(deps: AudienceDeps) {
    this.#deps = deps;
  }

  /** Restores the audience stored by an earlier instance, and the scope it was loaded for. `null`: nobody listens. */
  restore(stored: string | null, asked: AudienceScope | null): void {
    this.#stored = stored;
    this.#asked = asked;
    this.#storedOf = null;
    this.#source = null;
    this.last = stored === null ? NO_AUDIENCE : (JSON.parse(stored) as Audience | null);
  }

  /**
   * The audience of a scope. Null when D1 cannot be reached and the stored audience does not cover the scope. Never
   * rejects.
   */
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

  /** What a commit must store of the audience; null when nothing has changed. An empty audience is stored as null. */
  toStore(audience: Audience): StoredAudience | null {
    if (audience === this.#storedOf) return null;
    const isNobody = audience.installations.length === 0 && audience.hubs.length === 0;
    const text = JSON.stringify(audience);
    const stored = isNobody ? null : text.length > STORED_CHARACTERS ? UNKNOWN : text;
    if (stored !== this.#stored) return { stored, audience };
    this.#storedOf = audience;
    return null;
  }

  /** Notes that the audience is stored. */
  noteStored({ stored, audience }: StoredAudience): void {
    this.#stored = stored;
    this.#storedOf = audience;
  }
}

/** Whether two audiences are equal. While the isolate serves them from its cache, their parts are the same objects. */
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

/** The audience with only this thread's rooms: a subscriber may have thousands. */
function withinRooms(audience: Audience, roomIds: readonly string[]): Audience {
  const trim = (reach: RoomSet | null) =>
    reach === null ? null : { ...reach, room_ids: reach.room_ids.filter((id) => roomIds.includes(id)) };
  const installations = audience.installations.map((installation) => {
    const { listener: subscriber } = installation;
    const { reach, history_reach, member_reach, organization_reach } = subscriber;
    return {
      ...installation,
      listener: {
        ...subscriber,
        reach: trim(reach),
        history_reach: trim(history_reach),
        member_reach: trim(member_reach),
        organization_reach: trim(organization_reach),
      },
    };
  });
  return { ...audience, installations };
}
