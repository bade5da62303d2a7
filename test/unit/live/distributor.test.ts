import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SigningKeys } from '../../../src/directory/token-keys.ts';
import type { Access } from '../../../src/live/access.ts';
import { Distributor } from '../../../src/live/distributor.ts';
import { FileLinks } from '../../../src/live/file-links.ts';
import { HubLoad } from '../../../src/live/hub-load.ts';
import type { LoggedEvent } from '../../../src/live/hub-store.ts';
import type { LiveSocket } from '../../../src/live/live-socket.ts';
import type { SocketOwner } from '../../../src/live/socket-owner.ts';
import type { ThreadUpdate } from '../../../src/notifications/notifications.ts';
import type { Subscriber } from '../../../src/notifications/subscriber.ts';
import { compilePattern } from '../../../src/resources/topic.ts';
import { MESSAGES, newSocket, ORGANIZATION, OWNER, USER, updateOf } from '../../support/sample-sockets.ts';

const SUBSCRIBER: Subscriber = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: USER,
  has_reports: false,
  keeps_private_history: false,
  reach: null,
  history_reach: null,
  member_reach: null,
  organization_reach: null,
  stands_for: [],
};

/** A log in memory and sockets that read it; rights are answered when the test says so. */
class Setup {
  readonly sockets: LiveSocket[] = [];
  readonly ended: number[] = [];
  events: LoggedEvent[] = [];
  floor = 0;
  /** Characters of each event's JSON. */
  characters = 100;
  retries = 0;
  /** The number of owners in each look-up. */
  readonly lookups: number[] = [];
  /** How often the log was read since the last pause, and before each pause. */
  reads = 0;
  readonly readsBefore: number[] = [];
  access: () => Promise<Access> = () => Promise.resolve({ subscriber: SUBSCRIBER });
  /** Owners whose access is known without a look-up. */
  readonly known = new Map<SocketOwner, Access>();
  readonly load = new HubLoad<LiveSocket>(() => {});
  now = 0;
  keys = vi.fn(() => Promise.resolve(KEYS));
  readonly files = new FileLinks({ keys: () => this.keys(), origin: () => 'https://hub.example', now: () => this.now });
  readonly distributor = new Distributor({
    sockets: () => this.sockets,
    subscriptionsFor: (number, event) => this.load.subscriptions.matching(number, event),
    logRange: () => ({ floor: this.floor, head: this.head }),
    eventsAfter: (number, limit) => {
      this.reads += 1;
      return this.events.filter((event) => event.number > number).slice(0, limit);
    },
    accessCache: {
      known: (owner) => this.known.get(owner) ?? null,
      lookUp: async (owners) => {
        const asked = [...owners];
        this.lookups.push(asked.length);
        const found = new Map<SocketOwner, Access>();
        for (const owner of asked) {
          const access = await this.access().catch(() => null);
          if (access !== null) found.set(owner, access);
        }
        return found;
      },
    },
    files: this.files,
    close: (socket, ending) => {
      this.ended.push(ending.code);
      socket.close(ending);
    },
    now: () => 0,
    retryLater: () => {
      this.retries += 1;
    },
    yieldToOthers: () => {
      this.readsBefore.push(this.reads);
      this.reads = 0;
      return Promise.resolve();
    },
  });

  get head(): number {
    return this.events.at(-1)?.number ?? 0;
  }

  add(count: number): void {
    for (let added = 0; added < count; added++)
      this.events.push({ number: this.head + 1, update: updateOf(this.head + 1), characters: this.characters });
  }

  socket(position: number, pattern: string | null = MESSAGES, since = 0) {
    const made = newSocket(position, { ...OWNER }, this.load);
    this.sockets.push(made.socket);
    const topic = pattern === null ? null : compilePattern(pattern, { organization_id: ORGANIZATION, user_id: USER });
    if (pattern !== null && topic !== null) made.socket.subscribe({ text: pattern, topic, since });
    return made;
  }
}

/** Runs everything that is ready. */
const turns = () => new Promise((resolve) => setImmediate(resolve));

const range = (from: number, upto: number) => Array.from({ length: upto - from + 1 }, (_, place) => from + place);

let setup: Setup;

beforeEach(() => {
  setup = new Setup();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const KEYS: SigningKeys = [
  { id: 'first', created_at: 0, keys: {} as SigningKeys[0]['keys'], files: new Uint8Array(32) },
];

/** An update with a message that has a file. */
function withFile(number: number): ThreadUpdate {
  const update = updateOf(number);
  const file = { id: 'f1', name: 'cat.png', content_type: 'image/png', size: 1, sha256: '' };
  const attachments = [{ file, title_link_url: null, image_url: null }];
  const notifications = update.notifications.map((each) => ({ ...each, resource: { ...each.resource, attachments } }));
  return { ...update, notifications };
}

describe('the distributor, of files', () => {
  it('puts URLs in, which the log does not have, and reads the keys once for ten minutes', async () => {
    const { recorder } = setup.socket(0);
    for (const number of [1, 2, 3]) setup.events.push({ number, update: withFile(number), characters: 100 });
    await setup.distributor.run();
    setup.events.push({ number: 4, update: withFile(4), characters: 100 });
    await setup.distributor.run();
    expect(recorder.said).toEqual([1, 2, 3, 4]);
    expect(setup.keys).toHaveBeenCalledTimes(1);
    expect(recorder.sent.at(-1)).toMatch(
      /"title_link_url":"https:\/\/hub\.example\/files\/f1\?expires=\d+&disposition=attachment&key=first&signature=[\w-]{43}","image_url":"https:.+disposition=inline/,
    );
    expect(JSON.stringify(setup.events)).not.toContain('signature');
    setup.now = 600_001;
    setup.events.push({ number: 5, update: withFile(5), characters: 100 });
    await setup.distributor.run();
    expect(setup.keys).toHaveBeenCalledTimes(2);
  });

  it('reads no keys for events without files', async () => {
    const { recorder } = setup.socket(0);
    setup.add(3);
    await setup.distributor.run();
    expect([recorder.said, setup.keys.mock.calls.length]).toEqual([[1, 2, 3], 0]);
  });

  it('sends events without URLs while the keys cannot be read', async () => {
    const { recorder } = setup.socket(0);
    setup.keys.mockRejectedValue(new Error('D1_ERROR'));
    setup.events.push({ number: 1, update: withFile(1), characters: 100 });
    await setup.distributor.run();
    expect(recorder.said).toEqual([1]);
    expect(recorder.sent.at(-1)).toContain('"title_link_url":null');
  });
});

describe('the distributor', () => {
  it('sends each socket the events after its position, in order, once', async () => {
    setup.add(350);
    const [one, two, three] = [setup.socket(0), setup.socket(340), setup.socket(350)];
    await setup.distributor.run();
    setup.add(1);
    await setup.distributor.run();
    await setup.distributor.run();
    expect(one.recorder.said).toEqual(range(1, 351));
    expect(two.recorder.said).toEqual(range(341, 351));
    expect(three.recorder.said).toEqual([351]);
    expect(one.recorder.attachment?.position).toBe(null);
  });

  it('sends events that arrive while it is sending', async () => {
    const { recorder } = setup.socket(0);
    setup.add(1);
    const gate = Promise.withResolvers<Access>();
    setup.access = () => gate.promise;
    const first = setup.distributor.run();
    setup.add(2);
    const second = setup.distributor.run();
    gate.resolve({ subscriber: SUBSCRIBER });
    await Promise.all([first, second]);
    expect(recorder.said).toEqual([1, 2, 3]);
  });

  it('leaves out events from before the subscription', async () => {
    const { recorder } = setup.socket(0, MESSAGES, 2);
    setup.add(4);
    await setup.distributor.run();
    expect(recorder.said).toEqual([3, 4]);
  });

  it('reads from twenty positions of the log at a time, those nearest to its end first', async () => {
    setup.add(500);
    const sockets = range(1, 50).map((place) => setup.socket(place * 9));
    await setup.distributor.run();
    for (const [place, { recorder }] of sockets.entries())
      expect(recorder.said).toEqual(range((place + 1) * 9 + 1, 500));
    expect(Math.max(...setup.readsBefore)).toBe(20);
  });

  it('reads only as much of the log at a time as fits into memory, nearest to its end first', async () => {
    setup.characters = 1_500_000;
    setup.add(9);
    const sockets = range(0, 8).map((place) => setup.socket(place));
    await setup.distributor.run();
    for (const [place, { recorder }] of sockets.entries()) expect(recorder.said).toEqual(range(place + 1, 9));
    expect(Math.max(...setup.readsBefore)).toBe(3);
  });

  it('serves sockets with known rights while others are looked up, also with new events', async () => {
    const [slow, quick] = [setup.socket(0), setup.socket(0)];
    setup.known.set(quick.socket.owner, { subscriber: SUBSCRIBER });
    const gate = Promise.withResolvers<Access>();
    setup.access = () => gate.promise;
    setup.add(1);
    const first = setup.distributor.run();
    await turns();
    expect([slow.recorder.said, quick.recorder.said]).toEqual([[], [1]]);
    setup.add(1);
    const second = setup.distributor.run();
    await turns();
    expect([slow.recorder.said, quick.recorder.said]).toEqual([[], [1, 2]]);
    gate.resolve({ subscriber: SUBSCRIBER });
    await Promise.all([first, second]);
    expect([slow.recorder.said, quick.recorder.said, setup.lookups]).toEqual([[1, 2], [1, 2], [1]]);
  });

  it('stores state only when something has changed', async () => {
    const update = setup.socket(0);
    const other = setup.socket(0, `/api/v5/users/${USER}/chats`);
    for (const { socket } of [update, other]) socket.save(0);
    const before = [update.recorder.writes, other.recorder.writes];
    setup.known.set(update.socket.owner, { subscriber: SUBSCRIBER });
    setup.add(1);
    await setup.distributor.run();
    expect([update.recorder.said, other.socket.position]).toEqual([[1], 1]);
    expect([update.recorder.writes - (before[0] ?? 0), other.recorder.writes - (before[1] ?? 0)]).toEqual([1, 0]);
  });

  it('looks up rights only when there is something to send, for all owners at once', async () => {
    for (let place = 0; place < 5; place++) setup.socket(0);
    const other = setup.socket(0, `/api/v5/users/${USER}/chats`);
    const silent = setup.socket(0, null);
    setup.add(1);
    await setup.distributor.run();
    expect(setup.lookups).toEqual([5]);
    expect([other.socket.position, silent.socket.position]).toEqual([1, 1]);
  });

  it('stops at a socket that does not acknowledge, continues when it does, and delays no other', async () => {
    const { socket, recorder } = setup.socket(0);
    const other = setup.socket(0);
    setup.add(1200);
    const running = setup.distributor.run();
    await running;
    expect([recorder.said.length, socket.isPaused, recorder.attachment?.position]).toEqual([1000, true, 1000]);
    for (const { socket: each } of [other, { socket }]) each.acknowledge(1000);
    await setup.distributor.run();
    expect(recorder.said).toEqual(range(1, 1200));
    expect(other.recorder.said).toEqual(range(1, 1200));
  });

  it('informs a socket whose next events are deleted that it has missed some', async () => {
    const { recorder } = setup.socket(3);
    setup.add(20);
    setup.floor = 10;
    await setup.distributor.run();
    setup.add(1);
    await setup.distributor.run();
    expect(recorder.said).toEqual(['reset', 21]);
  });

  it('closes sockets whose rights have ended, and sends them nothing', async () => {
    const { recorder } = setup.socket(0);
    setup.access = () => Promise.resolve({ closeReason: { code: 4401, reason: 'x' } });
    setup.add(1);
    await setup.distributor.run();
    expect([recorder.said, recorder.closedBy, setup.ended]).toEqual([[], 4401, [4401]]);
  });

  it('keeps the position of sockets whose rights cannot be looked up, serves the others, and asks to be called again', async () => {
    const waiting = setup.socket(0);
    const known = setup.socket(0);
    let failures = 0;
    setup.access = () => {
      failures += 1;
      return failures === 1 ? Promise.reject(new Error('D1 is away')) : Promise.resolve({ subscriber: SUBSCRIBER });
    };
    setup.add(2);
    await setup.distributor.run();
    expect([waiting.recorder.said, known.recorder.said, setup.retries]).toEqual([[], [1, 2], 1]);
    expect(waiting.socket.state.position).toBe(0);
    await setup.distributor.run();
    expect(waiting.recorder.said).toEqual([1, 2]);
  });

  it('continues from a new position of a socket, even if it changes meanwhile', async () => {
    const { socket, recorder } = setup.socket(5);
    setup.add(8);
    const gate = Promise.withResolvers<Access>();
    setup.access = () => gate.promise;
    const running = setup.distributor.run();
    await turns();
    socket.position = 2;
    gate.resolve({ subscriber: SUBSCRIBER });
    await running;
    expect(recorder.said).toEqual(range(3, 8));
  });

  it('skips nothing when a socket subscribes at its position while rights of others are looked up', async () => {
    const other = setup.socket(0);
    const { socket, recorder } = setup.socket(0, null);
    setup.add(2);
    const gate = Promise.withResolvers<Access>();
    setup.access = () => gate.promise;
    const running = setup.distributor.run();
    await turns();
    for (const each of other.socket.subscriptions.values()) socket.subscribe({ ...each });
    socket.position = 0;
    gate.resolve({ subscriber: SUBSCRIBER });
    await running;
    expect([other.recorder.said, recorder.said]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('sends ephemeral updates to the sockets that are up to date', async () => {
    setup.add(5);
    const [now, late] = [setup.socket(5), setup.socket(4)];
    await setup.distributor.sendEphemeral(updateOf(6));
    expect([now.recorder.said, late.recorder.said]).toEqual([[null], []]);
    await setup.distributor.run();
    expect([now.recorder.said, late.recorder.said]).toEqual([[null], [5]]);
  });

  it('counts ephemeral updates with the last number that the client got, whatever the log has got since', async () => {
    const { socket, recorder } = setup.socket(0, MESSAGES);
    setup.add(1);
    await setup.distributor.run();
    setup.events.push({ number: 2, update: { ...updateOf(2), notifications: [] }, characters: 100 });
    await setup.distributor.run();
    for (let count = 0; count < 100; count++) await setup.distributor.sendEphemeral(updateOf(3));
    expect([recorder.said.length, socket.position]).toEqual([101, 2]);
    socket.acknowledge(1);
    expect(socket.state.window).toEqual([]);
  });

  it('survives an unexpected error', async () => {
    const { recorder } = setup.socket(0);
    setup.add(1);
    const { events } = setup;
    setup.events = new Proxy(events, {
      get: (target, name) => {
        if (name === 'filter') throw new Error('the storage is away');
        return Reflect.get(target, name);
      },
    });
    await setup.distributor.run();
    expect([recorder.said, setup.retries]).toEqual([[], 1]);
    setup.events = events;
    await setup.distributor.run();
    expect(recorder.said).toEqual([1]);
  });
});
