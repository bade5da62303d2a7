import { beforeEach, describe, expect, it } from 'vitest';
import { DraftWriter } from '../../../src/console-app/replica/draft-writer.ts';
import { Loader } from '../../../src/console-app/replica/loader.ts';
import type { HubRequest } from '../../../src/console-app/replica/ports.ts';
import { CHAT, USER } from '../../support/console-copy.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

let clock: ManualClock;
let writer: DraftWriter;
let requests: unknown[];
let drafts: (string | null)[];
let answer: (request: HubRequest) => number;

beforeEach(() => {
  clock = new ManualClock();
  requests = [];
  drafts = [];
  answer = ({ method }) => (method === 'PUT' ? 200 : 204);
  writer = new DraftWriter({
    userId: USER,
    clock,
    loader: new Loader(clock, (fault) => {
      throw fault;
    }),
    isOwn: () => true,
    onDraft: (_, draft) => drafts.push(draft?.message ?? null),
    call: async (request) => {
      requests.push([request.method, request.body]);
      const status = answer(request);
      if (status === 0) throw new Error('no network');
      return {
        status,
        body: status === 200 ? { chat_id: CHAT, message: 'stored', updated_at: '2' } : null,
        retryAfter: null,
      };
    },
  });
});

describe('a draft', () => {
  it('is here at once, and on the hub a second later with what was written by then', async () => {
    writer.write(CHAT, 'H');
    writer.write(CHAT, 'He');
    expect([drafts, requests, writer.isWriting(CHAT)]).toEqual([['H', 'He'], [], true]);
    clock.pass(1000);
    await settled();
    expect([requests, drafts.at(-1), writer.isWriting(CHAT)]).toEqual([[['PUT', { message: 'He' }]], 'stored', false]);
  });

  it('that is empty is deleted, also when the hub had none', async () => {
    answer = () => 404;
    writer.write(CHAT, '');
    clock.pass(1000);
    await settled();
    expect([requests, drafts, writer.isWriting(CHAT)]).toEqual([[['DELETE', undefined]], [null, null], false]);
  });

  it('is brought again when the network was gone, as it is then', async () => {
    answer = () => 0;
    writer.write(CHAT, 'H');
    clock.pass(1000);
    await settled();
    writer.write(CHAT, 'Hello');
    answer = () => 200;
    clock.pass(1000);
    await settled();
    expect(requests).toEqual([
      ['PUT', { message: 'H' }],
      ['PUT', { message: 'Hello' }],
    ]);
  });

  it('of another device counts when it is later, though it was told before the answer', async () => {
    for (const [updated_at, message] of [
      ['1', 'stored'],
      ['3', 'theirs'],
    ] as const) {
      writer.write(CHAT, 'H');
      writer.hear(CHAT, { chat_id: CHAT, message: 'theirs', updated_at });
      clock.pass(1000);
      await settled();
      expect(drafts.at(-1)).toBe(message);
    }
  });

  it('stays on the page when the hub refuses it', async () => {
    answer = () => 409;
    writer.write(CHAT, 'secret');
    clock.pass(60_000);
    await settled();
    expect([requests.length, drafts, writer.isWriting(CHAT)]).toEqual([1, ['secret'], false]);
  });
});
