import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InboxRow } from '../../../src/console-app/replica/known.ts';
import type { HubAnswer, SocketEvents } from '../../../src/console-app/replica/ports.ts';
import { Replica } from '../../../src/console-app/replica/replica.ts';
import { readCopy, type TabCopy } from '../../../src/console-app/replica/tab-copy.ts';
import { compareRows, isInView, rowsOfView } from '../../../src/console-app/replica/views.ts';
import type { HubFrame, LiveNotification } from '../../../src/resources/live-frames.ts';
import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { message, ROW, USER } from '../../support/console-copy.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const WAITING = { view: 'waiting', order: 'waiting', room_id: null } as const;
const MAKER = { version: 'a program', user_id: USER };
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** How far the lists of REST are behind, in ms. */
const BEHIND = 1_000;

/** A hub that holds rows, tells of changes by numbers, and whose lists are a moment behind. */
class SmallHub {
  readonly clock = new ManualClock();
  readonly storage = new MemoryStorage();
  rows = new Map<string, InboxRow>();
  #past: { at: number; rows: ReadonlyMap<string, InboxRow> }[] = [];
  #log: LiveNotification[] = [];
  #socket: SocketEvents | null = null;
  isAway = false;
  asked: string[] = [];

  /** Each waits a second longer than the one before. */
  arrives(): void {
    const place = this.rows.size;
    const at = Date.parse('2026-11-21T12:00:00.000Z') + place * 1_000;
    const id = uuidVersion7(at, { high12: 2, low62: BigInt(place) });
    const waiting_started_at = new Date(at).toISOString();
    const chat = { ...ROW.chat, id, is_pending: true, waiting_started_at };
    this.#become({ ...ROW, chat }, { channel: CHATS, action: 'added', resource_id: id, resource: chat });
  }

  tags(row: InboxRow, name: string): void {
    const tags = [...new Set([...row.tags, name])].sort();
    const channel = `${CHATS}/${row.chat.id}/tags`;
    this.#become({ ...row, tags }, { channel, action: 'added', resource_id: name, resource: { name } });
  }

  isTaken(row: InboxRow): void {
    const change = { is_pending: false, waiting_started_at: null };
    const chat = { ...row.chat, ...change };
    this.#become({ ...row, chat }, { channel: CHATS, action: 'changed', resource_id: chat.id, resource: change });
  }

  waitsAgain(row: InboxRow): void {
    const change = { is_pending: true, waiting_started_at: row.chat.created_at };
    const chat = { ...row.chat, ...change };
    this.#become({ ...row, chat }, { channel: CHATS, action: 'changed', resource_id: chat.id, resource: change });
  }

  breaks(): void {
    this.#socket?.onClose(1006, '');
    this.#socket = null;
  }

  #become(row: InboxRow, told: LiveNotification): void {
    this.#past.push({ at: this.clock.now(), rows: new Map(this.rows) });
    this.rows.set(row.chat.id, row);
    this.#log.push(told);
    this.#tell([told], this.#log.length);
  }

  #tell(notifications: LiveNotification[], number: number): void {
    this.#say({ type: 'notifications', number, notifications });
  }

  #say(frame: HubFrame): void {
    this.#socket?.onText(JSON.stringify(frame));
  }

  open(left: TabCopy | null): Replica {
    const replica = new Replica({
      userId: USER,
      left,
      clock: this.clock,
      storage: this.storage,
      random: () => 0,
      newKey: () => 'key',
      isSignedIn: async () => true,
      soon: (run) => run(),
      onFault: (fault) => {
        throw fault;
      },
      openSocket: (events) => this.#connect(events),
      call: async ({ path }) => {
        this.asked.push(path);
        if (this.isAway) throw new Error('away');
        return this.#answer(new URL(path, 'http://hub.example'));
      },
    });
    replica.showView(WAITING);
    replica.start();
    return replica;
  }

  #connect(events: SocketEvents) {
    if (this.isAway) queueMicrotask(() => events.onClose(1006, ''));
    else {
      queueMicrotask(() => {
        this.#socket = events;
        this.#say({ type: 'welcome', number: this.#log.length, time: new Date(this.clock.now()).toISOString() });
      });
    }
    return {
      send: (text: string) => {
        if (text === 'ping') return events.onText('pong');
        const { type, after } = JSON.parse(text) as { type: string; after?: number | null };
        if (type !== 'subscribe') return;
        const number = this.#log.length;
        this.#say({ type: 'subscribed', channels: [], refused: [], refused_count: 0, number });
        const missed = after == null ? [] : this.#log.slice(after);
        if (missed.length > 0) this.#tell(missed, number);
      },
      close: () => {},
    };
  }

  #answer({ pathname, searchParams }: URL): HubAnswer {
    const isOld = (each: { at: number }) => each.at > this.clock.now() - BEHIND;
    const rows = this.#past.find(isOld)?.rows ?? this.rows;
    const ok = (body: unknown) => ({ status: 200, body, retryAfter: null });
    const end = pathname.split('/').at(-1) ?? '';
    if (end === 'counts') return ok({ waiting: waitingIn(rows).length, mine: 0, mentioned: 0, open: 0, bot: 0 });
    const row = rows.get(end);
    if (pathname.includes('/inbox/')) return row === undefined ? { status: 404, body: {}, retryAfter: null } : ok(row);
    if (searchParams.get('view') !== 'waiting') return ok({ results: [], next: null });
    const all = waitingIn(rows);
    const size = Number(searchParams.get('page_size') ?? 50);
    const from = all.findIndex(({ chat }) => chat.id === searchParams.get('cursor')) + 1;
    const results = all.slice(from, from + size);
    const next =
      from + size < all.length ? `http://hub.example${pathname}?view=waiting&cursor=${results.at(-1)?.chat.id}` : null;
    return ok({ results, next });
  }
}

const CHATS = `/api/v5/users/${USER}/routed_chats`;
const waitingIn = (rows: ReadonlyMap<string, InboxRow>) =>
  [...rows.values()].filter((row) => isInView(row, WAITING, new Set(rows.keys()))).sort(compareRows('waiting'));

function shownIn(replica: Replica): readonly InboxRow[] {
  const { known, views } = replica.getState();
  const [view] = views.values();
  return view === undefined ? [] : rowsOfView(known, view);
}
const idsOf = (rows: readonly InboxRow[]) => rows.map(({ chat }) => chat.id);

async function begun(chats: number) {
  const hub = new SmallHub();
  for (let chat = 0; chat < chats; chat++) hub.arrives();
  hub.clock.pass(60_000);
  const replica = hub.open(null);
  await settled();
  hub.clock.pass(10_000);
  await settled();
  return { hub, replica };
}

/** The page is loaded again. */
function again(replica: Replica, hub: SmallHub): Replica {
  const text = replica.leave(MAKER.version);
  replica.stop();
  return hub.open(readCopy(text, MAKER));
}

describe('a page that is loaded again', () => {
  it('shows the lists of the page before at once, and what has happened since by its number, without reading them first', async () => {
    const { hub, replica } = await begun(3);
    const before = shownIn(replica);
    expect(before).toHaveLength(3);
    hub.asked = [];
    const next = again(replica, hub);
    expect(shownIn(next)).toEqual(before);
    expect(next.getState().counts?.waiting).toBe(3);
    hub.arrives();
    for (let second = 0; second < 3; second++) {
      hub.clock.pass(1_000);
      await settled();
    }
    expect(idsOf(shownIn(next))).toEqual([...hub.rows.keys()]);
    expect(hub.asked.filter((path) => path.includes('inbox?'))).toEqual([]);
    hub.clock.pass(3_000);
    await settled();
    expect(hub.asked.filter((path) => path.includes('inbox?'))).toHaveLength(1);
    expect(shownIn(next)).toEqual(waitingIn(hub.rows));
  });

  it('shows them while the hub is away, and follows it when it is back', async () => {
    const { hub, replica } = await begun(2);
    const before = shownIn(replica);
    hub.isAway = true;
    const next = again(replica, hub);
    await settled();
    hub.clock.pass(20_000);
    await settled();
    expect(shownIn(next)).toEqual(before);
    hub.isAway = false;
    hub.arrives();
    hub.clock.pass(60_000);
    await settled();
    hub.clock.pass(60_000);
    await settled();
    expect(shownIn(next)).toEqual(waitingIn(hub.rows));
  });

  it('leaves 200 rows of a list at most, and reads what follows them again', async () => {
    const { hub, replica } = await begun(260);
    for (let page = 0; page < 6; page++) {
      replica.loadMore('waiting/waiting/');
      await settled();
    }
    expect(shownIn(replica)).toHaveLength(260);
    const next = again(replica, hub);
    expect(shownIn(next)).toEqual(waitingIn(hub.rows).slice(0, 200));
    await settled();
    hub.clock.pass(10_000);
    await settled();
    next.loadMore('waiting/waiting/');
    await settled();
    expect(shownIn(next)).toEqual(waitingIn(hub.rows).slice(0, shownIn(next).length));
    expect(shownIn(next).length).toBeGreaterThan(200);
  });

  it('is what REST answers in the end, whatever happened before, meanwhile and after', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ is: fc.constant('arrives'), number: fc.integer({ min: 1, max: 30 }) }) },
      {
        weight: 6,
        arbitrary: fc.record({ is: fc.constantFrom('tags', 'isTaken', 'waitsAgain'), number: fc.nat(999) }),
      },
      { weight: 3, arbitrary: fc.record({ is: fc.constant('loads'), number: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constantFrom('breaks', 'more'), number: fc.nat(9) }) },
      { weight: 3, arbitrary: fc.record({ is: fc.constant('passes'), number: fc.integer({ min: 1, max: 8_000 }) }) },
    );
    let loads = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        const hub = new SmallHub();
        let replica = hub.open(null);
        await settled();
        for (const { is, number } of steps) {
          const row = [...hub.rows.values()][number % Math.max(1, hub.rows.size)];
          if (is === 'arrives') for (let chat = 0; chat < number; chat++) hub.arrives();
          else if (is === 'breaks') hub.breaks();
          else if (is === 'passes') hub.clock.pass(number);
          else if (is === 'more') replica.loadMore('waiting/waiting/');
          else if (is === 'loads') {
            // Of some, the page before knew no more than that they must be read.
            const { staleRows } = replica.getState().known;
            const isReady = [...replica.getState().views.values()].every(({ load }) => load.is === 'ready');
            const before = shownIn(replica).filter(({ chat }) => !staleRows.has(chat.id));
            replica = again(replica, hub);
            loads += 1;
            if (isReady) expect(shownIn(replica)).toEqual(before.slice(0, 200));
            if (number === 0) continue;
          } else if (row !== undefined && is === 'tags') hub.tags(row, `tag ${number % 3}`);
          else if (row !== undefined && is === 'isTaken') hub.isTaken(row);
          else if (row !== undefined && is === 'waitsAgain') hub.waitsAgain(row);
          await settled();
        }
        for (let turn = 0; turn < 12; turn++) {
          hub.clock.pass(5_000);
          await settled();
        }
        const shown = shownIn(replica);
        const all = waitingIn(hub.rows);
        const [view] = replica.getState().views.values();
        // A list with a further page shows what comes before it.
        expect(shown).toEqual(view?.next === null ? all : all.slice(0, shown.length));
        if (all.length > 0) expect(shown).not.toEqual([]);
        replica.stop();
      }),
      { numRuns: 60 },
    );
    expect(loads).toBeGreaterThan(60);
  });
});

describe('what a page leaves', () => {
  const copyOf = (replica: Replica) => replica.leave(MAKER.version) ?? '';

  it('has no more of texts than its rows', async () => {
    const { hub, replica } = await begun(1);
    const [row] = hub.rows.values();
    const long = message(40, { message: `seen ${'x'.repeat(140)} unseen` });
    const channel = `${CHATS}/${row?.chat.id}/messages`;
    replica.openChat(row?.chat.id ?? '');
    await settled();
    replica.tell('messages', row?.chat.id ?? '', long.id, long);
    expect(channel).toContain(row?.chat.id);
    expect([...replica.getState().known.threads.values()][0]?.messages[0]?.message).toContain('unseen');
    expect(copyOf(replica)).toContain('seen xxx');
    expect(copyOf(replica)).not.toContain('unseen');
  });

  it('is nothing once the session has ended, and before a list is here', async () => {
    const { hub, replica } = await begun(1);
    expect(copyOf(replica)).not.toBe('');
    replica.signedOut();
    expect(replica.leave(MAKER.version)).toBeNull();
    expect(hub.open(null).leave(MAKER.version)).toBeNull();
  });

  it('is left out when it is too large', async () => {
    const { hub, replica } = await begun(1);
    const [row] = hub.rows.values();
    if (row !== undefined) for (let tag = 0; tag < 20; tag++) hub.tags(row, `${tag} ${'x'.repeat(60_000)}`);
    expect(replica.leave(MAKER.version)).toBeNull();
  });

  it('is not taken from another user or program, or when it is broken', async () => {
    const { replica } = await begun(2);
    const text = copyOf(replica);
    const copy = readCopy(text, MAKER);
    expect(copy).toMatchObject({ ends: { 'waiting/waiting/': null }, counted_room: null });
    expect(copy?.rows).toHaveLength(2);
    expect(readCopy(text, { ...MAKER, user_id: 'another' })).toBeNull();
    expect(readCopy(text, { ...MAKER, version: 'another' })).toBeNull();
    const broken = (change: object) => JSON.stringify({ ...JSON.parse(text), ...change });
    for (const each of [
      null,
      '',
      '7',
      '[]',
      'null',
      text.slice(0, -1),
      broken({ number: 'x' }),
      broken({ rows: [{ chat: null }] }),
      broken({ rows: {} }),
      broken({ routed: null }),
      broken({ ends: null }),
      broken({ ends: { 'waiting/waiting/': 'nowhere' } }),
    ]) {
      expect([each, readCopy(each, MAKER)]).toEqual([each, null]);
    }
  });
});
