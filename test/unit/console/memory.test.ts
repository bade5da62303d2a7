import { describe, expect, it } from 'vitest';
import type { InboxRow, Known } from '../../../src/console-app/replica/known.ts';
import { NOTHING_KNOWN } from '../../../src/console-app/replica/known.ts';
import type { HubAnswer } from '../../../src/console-app/replica/ports.ts';
import { Replica } from '../../../src/console-app/replica/replica.ts';
import { type View, withoutOldRows } from '../../../src/console-app/replica/views.ts';
import type { HubFrame } from '../../../src/resources/live-frames.ts';
import { CHAT, message, ROW, told, USER } from '../../support/console-copy.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const answer = (body: object): HubAnswer => ({ status: 200, body, retryAfter: null });

/** A live replica. Each chat has the given messages; a page has fifty of them. */
async function live(messages: readonly { id: string }[] = []) {
  const asked: string[] = [];
  let onText: (text: string) => void = () => {};
  const replica = new Replica({
    userId: USER,
    left: null,
    clock: new ManualClock(),
    storage: new MemoryStorage(),
    random: () => 0,
    newKey: () => 'key',
    isSignedIn: async () => true,
    soon: (run) => run(),
    onFault: (fault) => {
      throw fault;
    },
    openSocket: (events) => {
      onText = events.onText;
      return { send: () => {}, close: () => {} };
    },
    call: async ({ path }) => {
      asked.push(path);
      const [before = '', query = ''] = path.split('?');
      const row = /\/inbox\/(.+)$/.exec(before)?.[1];
      if (row === 'counts') return answer({ waiting: 0, mine: 0, mentioned: 0, open: 0, bot: 0 });
      if (row !== undefined) return answer({ ...ROW, chat: { ...ROW.chat, id: row } });
      if (!before.endsWith('/messages')) return answer({ results: [], next: null });
      const from = Number(new URLSearchParams(query).get('cursor') ?? 0);
      const next = messages.length > from + 50 ? `http://hub.example${before}?cursor=${from + 50}` : null;
      return answer({ results: messages.toReversed().slice(from, from + 50), next });
    },
  });
  replica.start();
  const say = (frame: HubFrame) => onText(JSON.stringify(frame));
  say({ type: 'welcome', number: 1, time: '2026-11-21T12:00:00.000Z' });
  say({ type: 'subscribed', channels: [], refused: [], refused_count: 0, number: 1 });
  await settled();
  return { replica, asked, say, opened: () => [...replica.getState().threadLoads.keys()] };
}

describe('the opened chats', () => {
  it('are the last hundred, and the one that is shown is the last of them', async () => {
    const { replica, opened } = await live();
    for (let chat = 0; chat < 105; chat++) replica.openChat(`chat ${chat}`);
    await settled();
    expect([opened().length, opened()[0]]).toEqual([100, 'chat 5']);
    replica.openChat('chat 7');
    expect([opened().length, opened().at(-1)]).toEqual([100, 'chat 7']);
    replica.openChat('foreseen', false);
    expect([opened().length, opened().slice(-2)]).toEqual([100, ['foreseen', 'chat 7']]);
    replica.openChat('chat 50', false);
    expect(opened().slice(-2)).toEqual(['foreseen', 'chat 7']);
  });

  it('are read once, whether somebody was expected to open them or has opened them', async () => {
    const { replica, asked } = await live();
    replica.openChat('a', false);
    await settled();
    const before = asked.length;
    replica.openChat('a');
    await settled();
    expect([before > 0, asked.length]).toEqual([true, before]);
  });

  it('are read again after a reset, the last ten of them', async () => {
    const { replica, asked, say, opened } = await live();
    for (let chat = 0; chat < 30; chat++) replica.openChat(`chat ${chat}`);
    await settled();
    asked.length = 0;
    say({ type: 'reset', number: 9 });
    await settled();
    const last = Array.from({ length: 10 }, (_, place) => `chat ${20 + place}`);
    expect(opened()).toEqual(last);
    expect(asked.flatMap((path) => /\/(chat \d+)\/messages/.exec(path)?.[1] ?? [])).toEqual(last);
  });
});

describe('a thread that has become long', () => {
  const messages = Array.from({ length: 700 }, (_, seq) => message(seq + 1));

  async function readBack() {
    const hub = await live(messages);
    hub.replica.openChat('long');
    await settled();
    const thread = () => hub.replica.getState().known.threads.get('long');
    while (thread()?.older != null) {
      hub.replica.loadOlder('long');
      await settled();
    }
    return { ...hub, thread };
  }

  it('has all messages in their order, and is short again when only its end is in view', async () => {
    const { replica, thread, asked } = await readBack();
    expect(thread()?.messages).toEqual(messages);
    replica.shortenChat('long');
    await settled();
    expect(thread()?.messages).toEqual(messages.slice(-50));
    asked.length = 0;
    replica.shortenChat('long');
    await settled();
    expect(asked).toEqual([]);
    replica.loadOlder('long');
    await settled();
    expect(thread()?.messages).toEqual(messages.slice(-100));
  });

  it('is forgotten when another chat is shown, and not when one is read beforehand', async () => {
    const { replica, opened } = await readBack();
    replica.openChat('foreseen', false);
    expect(opened()).toContain('long');
    replica.openChat('other');
    expect(opened()).toEqual(['foreseen', 'other']);
  });
});

it('a thread is told of nothing that is older than its messages', async () => {
  const messages = Array.from({ length: 80 }, (_, seq) => message(seq + 1));
  const { replica, say } = await live(messages);
  replica.openChat(CHAT);
  await settled();
  say({ type: 'notifications', number: 2, notifications: [told('messages', 'added', message(3).id, message(3))] });
  expect(replica.getState().known.threads.get(CHAT)?.messages).toEqual(messages.slice(-50));
});

describe('rows that nothing shows', () => {
  const row = (id: string, is_ended: boolean): InboxRow => ({ ...ROW, chat: { ...ROW.chat, id, is_ended } });
  const ended = Array.from({ length: 10 }, (_, place) => row(`ended ${place}`, true));
  const rows = [row('open', false), ...ended];
  const known: Known = {
    ...NOTHING_KNOWN,
    rows: new Map(rows.map((each) => [each.chat.id, each])),
    routed: new Set(rows.map(({ chat }) => chat.id)),
    threads: new Map([['ended 1', { messages: [] } as never]]),
  };

  it('are forgotten when their chats have ended, but for the last ones and those of opened chats', () => {
    const kept = withoutOldRows(known, [], 2);
    expect([...kept.rows.keys()]).toEqual(['open', 'ended 1', 'ended 8', 'ended 9']);
    expect([...kept.routed]).toEqual([...kept.rows.keys()]);
    expect(withoutOldRows(known, [], 20)).toBe(known);
  });

  it('are kept while a list shows them', () => {
    const view: View = {
      query: { view: 'closed', order: 'created', room_id: null },
      next: null,
      end: null,
      load: { is: 'ready' },
    };
    expect(withoutOldRows(known, [view], 0)).toBe(known);
  });
});
