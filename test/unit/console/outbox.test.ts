import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../src/console-app/replica/known.ts';
import { Outbox, type OutboxEntry, RESENT_FOR, withoutEchoes } from '../../../src/console-app/replica/outbox.ts';
import type { HubAnswer, HubRequest, Storage } from '../../../src/console-app/replica/ports.ts';
import { fileAttachment } from '../../../src/resources/file-links.ts';
import { CHAT, message, THREAD, USER } from '../../support/console-copy.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryStorage } from '../../support/memory-storage.ts';

const DAY = 24 * 3_600_000;

/** An outbox whose hub is the test: it answers the requests one by one. */
function openOutbox(storage: Storage = new MemoryStorage(), clock = new ManualClock()) {
  const requests: { request: HubRequest; settle: PromiseWithResolvers<HubAnswer> }[] = [];
  const seen: string[] = [];
  let keys = storage.keys('').length;
  const outbox = new Outbox({
    userId: USER,
    clock,
    storage,
    newKey: () => `key-${++keys}`,
    call: (request) => {
      const settle = Promise.withResolvers<HubAnswer>();
      requests.push({ request, settle });
      return settle.promise;
    },
    onChange: () => {},
    onStored: ({ key }, { id }) => seen.push(`${key} is ${id}`),
    onSignedOut: () => seen.push('signed out'),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const settle = async (act: (answer: PromiseWithResolvers<HubAnswer>) => void) => {
    const next = requests.shift();
    if (next === undefined) throw new Error('nothing was sent');
    act(next.settle);
    await settled();
  };
  return {
    settled,
    outbox,
    clock,
    storage,
    seen,
    /** The requests that wait for an answer: key and text. */
    sent: () => requests.map(({ request }) => [request.idempotencyKey, (request.body as { message: string }).message]),
    requests,
    answers: (status: number, body: unknown = null, retryAfter: number | null = null) =>
      settle(({ resolve }) => resolve({ status, body, retryAfter })),
    breaks: () => settle(({ reject }) => reject(new Error('no network'))),
    states: () => outbox.entries.map(({ content, state }) => [content.message, state.is]),
  };
}

const text = (words: string) => ({ message: words });

describe('an outbox', () => {
  it('sends to the chat in which a message was written, one after the other', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, { message: 'one', selected_reply_suggestion_id: 's' }, 0);
    hub.outbox.send(CHAT, text('two'), 0);
    hub.outbox.send('other', text('three'), 0);
    expect(hub.sent()).toEqual([
      ['key-1', 'one'],
      ['key-3', 'three'],
    ]);
    expect(hub.requests[0]?.request).toEqual({
      method: 'POST',
      path: `/api/v5/users/${USER}/chats/${CHAT}/messages`,
      body: { message: 'one', selected_reply_suggestion_id: 's' },
      idempotencyKey: 'key-1',
    });
    await hub.answers(200, message(10));
    expect(hub.seen).toEqual([`key-1 is ${message(10).id}`]);
    expect(hub.sent()).toEqual([
      ['key-3', 'three'],
      ['key-2', 'two'],
    ]);
    expect(hub.states()).toEqual([
      ['two', 'sending'],
      ['three', 'sending'],
    ]);
  });

  it('sends the same message with the same key until there is an answer, and lets nothing overtake it', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, text('one'), 0);
    hub.outbox.send(CHAT, text('two'), 0);
    await hub.breaks();
    expect([hub.sent(), hub.states()]).toEqual([
      [],
      [
        ['one', 'waiting'],
        ['two', 'waiting'],
      ],
    ]);
    hub.clock.pass(1000);
    await hub.answers(503, null, 7);
    hub.clock.pass(6999);
    expect(hub.sent()).toEqual([]);
    hub.clock.pass(1);
    expect(hub.sent()).toEqual([['key-1', 'one']]);
    await hub.answers(200, message(10));
    expect(hub.sent()).toEqual([['key-2', 'two']]);
  });

  it('sends at once when the network is back', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, text('one'), 0);
    await hub.breaks();
    hub.outbox.flush();
    hub.clock.pass(60_000);
    expect(hub.sent()).toEqual([['key-1', 'one']]);
  });

  it('keeps what was refused with the words of the hub, and goes on with the next one', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, text('one'), 0);
    hub.outbox.send(CHAT, text('two'), 0);
    await hub.answers(400, { message: ['Too long.', 'Really.'] });
    expect(hub.outbox.entries[0]?.state).toEqual({ is: 'failed', status: 400, reason: 'Too long. Really.' });
    expect(hub.sent()).toEqual([['key-2', 'two']]);
    await hub.answers(409, { detail: 'The chat has ended.' });
    expect(hub.outbox.entries[1]?.state).toEqual({ is: 'failed', status: 409, reason: 'The chat has ended.' });
    hub.outbox.flush();
    hub.clock.pass(DAY);
    expect([hub.sent(), hub.states()]).toEqual([
      [],
      [
        ['one', 'failed'],
        ['two', 'failed'],
      ],
    ]);
  });

  it('says when all is sent that is on its way to a chat, or that something was refused or cannot be sent now', async () => {
    const hub = openOutbox();
    expect(await hub.outbox.sent(CHAT)).toBe(true);
    const outcome: (boolean | string)[] = [];
    const ask = () => void hub.outbox.sent(CHAT).then((isSent) => outcome.push(isSent));
    hub.outbox.send(CHAT, text('one'), 0);
    hub.outbox.send(CHAT, text('two'), 0);
    hub.outbox.send('other', text('three'), 0);
    ask();
    await hub.answers(200, message(10));
    await hub.answers(200, message(10));
    expect(outcome).toEqual([]);
    await hub.answers(200, message(20));
    expect(outcome).toEqual([true]);

    hub.outbox.send(CHAT, text('four'), 0);
    ask();
    await hub.breaks();
    ask();
    hub.clock.pass(1000);
    ask();
    await hub.answers(400, { message: ['Too long.'] });
    ask();
    hub.outbox.send(CHAT, text('five'), 0);
    ask();
    await hub.answers(401);
    ask();
    await hub.settled();
    expect(outcome).toEqual([true, false, false, false, true, false, false]);
  });

  it('retries with the key of the message, and discards only what is not on its way', async () => {
    const hub = openOutbox();
    const key = hub.outbox.send(CHAT, text('one'), 0);
    expect(hub.outbox.discard(key)).toBeNull();
    await hub.answers(400, { message: ['No.'] });
    hub.outbox.retry(key);
    expect(hub.sent()).toEqual([['key-1', 'one']]);
    await hub.answers(400, { message: ['No.'] });
    expect(hub.outbox.discard(key)?.content).toEqual(text('one'));
    expect([hub.states(), hub.storage.keys('')]).toEqual([[], []]);
  });

  it('stops to send by itself before the hub forgets a key, and takes a new one when the user wants that', async () => {
    const hub = openOutbox();
    const key = hub.outbox.send(CHAT, text('one'), 0);
    await hub.breaks();
    hub.outbox.stop();
    hub.clock.pass(RESENT_FOR);
    const later = openOutbox(hub.storage, hub.clock);
    later.outbox.flush();
    expect([later.sent(), later.outbox.entries[0]?.state]).toEqual([
      [],
      expect.objectContaining({ is: 'failed', status: null }),
    ]);
    later.outbox.retry(key);
    expect(later.sent()).toEqual([['key-2', 'one']]);
    expect(later.outbox.entries).toHaveLength(1);
  });

  it('goes on after a reload with what was on its way, and in its order', async () => {
    const first = openOutbox();
    first.outbox.send(CHAT, text('one'), 0);
    first.outbox.send(CHAT, text('two'), 0);
    const second = openOutbox(first.storage);
    expect(second.states()).toEqual([
      ['one', 'waiting'],
      ['two', 'waiting'],
    ]);
    second.outbox.send(CHAT, text('three'), 0);
    expect(second.sent()).toEqual([['key-1', 'one']]);
    await second.answers(200, message(10));
    await second.answers(200, message(20));
    expect(second.sent()).toEqual([['key-3', 'three']]);
    expect(second.storage.keys('')).toHaveLength(1);
  });

  it('begins with what is whole when the storage is broken, and sends nothing of the rest', () => {
    const first = openOutbox();
    first.outbox.send(CHAT, text('one'), 0);
    const kept = String(first.storage.read(`umi.outbox.${USER}.key-1`));
    for (const [key, broken] of Object.entries({
      cut: kept.slice(0, 40),
      none: 'null',
      other: '[]',
      old: '{"key":"old"}',
    })) {
      first.storage.write(`umi.outbox.${USER}.${key}`, broken);
    }
    const second = openOutbox(first.storage);
    second.outbox.flush();
    expect(second.sent()).toEqual([['key-1', 'one']]);
    expect(second.outbox.entries).toHaveLength(1);
  });

  it('shows no other user what is in the storage', () => {
    const { storage } = openOutbox();
    storage.write('umi.outbox.somebody-else.key', '{}');
    expect(openOutbox(storage).outbox.entries).toEqual([]);
  });

  it('sends nothing after the session has ended, until the user is back', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, text('one'), 0);
    await hub.answers(401);
    hub.outbox.send('other', text('two'), 0);
    hub.clock.pass(60_000);
    expect([hub.seen, hub.sent()]).toEqual([['signed out'], []]);
    hub.outbox.flush();
    expect(hub.sent()).toEqual([
      ['key-1', 'one'],
      ['key-2', 'two'],
    ]);
  });

  it('sends also what the browser cannot store, and says so', () => {
    const full = new MemoryStorage();
    full.write = () => {
      throw new Error('quota');
    };
    const hub = openOutbox(full);
    hub.outbox.send(CHAT, text('one'), 0);
    expect([hub.sent(), hub.outbox.entries[0]?.is_kept]).toEqual([[['key-1', 'one']], false]);
  });
});

describe('the echo of a message', () => {
  const entry = (words: string, after: number, is: 'sending' | 'waiting' | 'failed' = 'sending'): OutboxEntry => ({
    key: words,
    chat_id: CHAT,
    content: text(words),
    written_at: 0,
    order: 1,
    after,
    state: is === 'failed' ? { is, status: null, reason: '' } : { is },
    is_kept: true,
  });
  const own = (seq: number, words: string) => message(seq, { sender_type: 'user', sender_id: USER, message: words });
  const shown = (messages: ReturnType<typeof message>[], entries: OutboxEntry[]) =>
    withoutEchoes({ ...THREAD, messages }, entries, USER).map(placeOf);

  it('is not shown beside its entry', () => {
    const messages = [own(10, 'yes'), message(20, { message: 'yes' }), own(30, 'yes'), own(40, 'no')];
    expect(shown(messages, [entry('yes', 10)])).toEqual([10, 20, 40]);
    expect(shown(messages, [entry('yes', 10, 'failed')])).toEqual([10, 20, 30, 40]);
    expect(shown(messages, [])).toEqual([10, 20, 30, 40]);
  });

  it('of files alone is told by them', () => {
    const file = { id: 'f', name: 'a.pdf', content_type: 'application/pdf', size: 1, sha256: '' };
    const attachment = { ...fileAttachment(file), id: 'a', actions: [] };
    const files = message(10, { sender_type: 'user', sender_id: USER, message: null, attachments: [attachment] });
    const sending = (file_id: string): OutboxEntry => ({
      ...entry('', 5),
      content: { message: '', attachments: [{ file_id, title: 'a.pdf' }] },
    });
    expect(shown([files], [sending('f')])).toEqual([]);
    expect(shown([files], [sending('g')])).toEqual([10]);
  });

  it('stays shown when the next message of the chat has the same text', async () => {
    const hub = openOutbox();
    hub.outbox.send(CHAT, text('yes'), 5);
    hub.outbox.send(CHAT, text('yes'), 5);
    await hub.answers(200, own(10, 'yes'));
    expect(withoutEchoes({ ...THREAD, messages: [own(10, 'yes')] }, hub.outbox.entries, USER)).toHaveLength(1);
  });
});
