import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { OpenSocket } from '../../src/console-app/replica/ports.ts';
import { Replica } from '../../src/console-app/replica/replica.ts';
import { BreakableNetwork } from '../support/local/breakable-network.ts';
import { compareWithRest, isForList, SHOWN_VIEWS, settledLists } from '../support/local/console-comparison.ts';
import { consolePorts, hurriedClock } from '../support/local/console-ports.ts';
import { openHub, type TestHub } from '../support/local/hub.ts';
import type { Channel } from '../support/local/hub-client.ts';
import { MemoryStorage } from '../support/memory-storage.ts';

/**
 * A copy that was fed by notifications, over a network that breaks, with resumes and resets, is what REST answers: each
 * row of each view, and all that is in the opened chats.
 */

type Person = { id: string; token: string };
type Answer = { status: number; body: Record<string, unknown> };

const THREADS = 3;

/** REPLICA_RUNS=50 tries more. */
const RUNS = Number(process.env['REPLICA_RUNS'] ?? 4);
const RUNS_WITHOUT_RESET = RUNS / 2;

let hub: TestHub;
let network: BreakableNetwork;
let channel: Channel;
let replica: Replica;
/** Subscriptions name a number that is none of the hub's, until it has answered with a reset. */
let losesPlace = false;
const faults: unknown[] = [];
/** How often a list was read. */
let lists = 0;
const happened = { resumes: 0, resets: 0 };

beforeAll(async () => {
  hub = await openHub();
  network = await BreakableNetwork.to(hub.hub.port);
  channel = await hub.client.registerChannel(`${hub.receiver.url}/hooks`);
  const { agent } = hub.demo;
  const { call, openSocket } = consolePorts(`http://127.0.0.1:${network.port}`, agent);
  await as(agent, 'POST', '/clients', { presence_expires_in: 3600 });
  replica = new Replica({
    userId: agent.id,
    left: null,
    call: (request) => {
      if (isForList(request.path)) lists += 1;
      return call(request);
    },
    openSocket: losingPlace(openSocket),
    clock: hurriedClock(4),
    random: Math.random,
    isSignedIn: async () => true,
    storage: new MemoryStorage(),
    newKey: randomUUID,
    soon: (run) => setImmediate(run),
    onFault: (error) => faults.push(error),
  });
  replica.start();
  for (const query of SHOWN_VIEWS) replica.showView(query);
});
afterAll(async () => {
  replica.stop();
  await network.stop();
  await hub.stop();
});

function losingPlace(openSocket: OpenSocket): OpenSocket {
  return (events) => {
    const socket = openSocket({
      ...events,
      onText: (text) => {
        if (text.startsWith('{"type":"reset"')) {
          happened.resets += 1;
          losesPlace = false;
        }
        events.onText(text);
      },
    });
    return {
      ...socket,
      send: (text) => {
        if (!text.startsWith('{"type":"subscribe"')) return socket.send(text);
        const frame = JSON.parse(text);
        if (frame.after !== null) happened.resumes += 1;
        if (losesPlace && frame.after !== null) frame.after = 1_000_000_000;
        socket.send(JSON.stringify(frame));
      },
    };
  };
}

/** A request of somebody below their own path, by a network that does not break. */
async function as(
  { id, token }: Person,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
) {
  const { status, body: answered } = await hub.client.request(method, `/api/v5/users/${id}${path}`, body, token);
  expect([method, path, status < 500]).toEqual([method, path, true]);
  return { status, body: answered } as Answer;
}

/** Whatever the thread makes of it: refused commands change nothing, which is also to be copied. */
type Step = (chat: { id: string; thread: string }, number: number) => Promise<unknown>;

const demo = () => hub.demo;
const lastOf = async (person: Person, chat: string) => {
  const { body } = await as(person, 'GET', `/chats/${chat}/messages?ordering=-created_at&type__in=msg`);
  const all = (body['results'] ?? []) as { id: string; sender_id: string; sender_type: string }[];
  return {
    own: all.find(({ sender_id }) => sender_id === person.id)?.id,
    asked: all.find((each) => each.sender_type === 'visitor')?.id,
  };
};
const tagOf = (number: number) => `tag-${number % 3}`;

const STEPS: Record<string, Step> = {
  writes: ({ thread }, number) => hub.client.sendMessage(channel.id, thread, `question ${number}`, randomUUID()),
  isRenamed: ({ thread }, number) =>
    hub.client.sendMessages(
      channel.id,
      [{ body: 'me again', thread_id: thread, sender_id: 'customer@example.com', message_id: randomUUID() }],
      { variables: { username: `Jane ${number}` } },
    ),
  takes: ({ id }) =>
    as(demo().agent, 'POST', `/routed_chats/${id}/memberships`, { is_participating: true, composing_status: 'idle' }),
  watches: ({ id }) =>
    as(demo().agent, 'POST', `/routed_chats/${id}/memberships`, { is_participating: false, composing_status: 'idle' }),
  leaves: ({ id }) => as(demo().agent, 'PATCH', `/chat_memberships/${id}`, { is_participating: false }),
  sees: ({ id }) => as(demo().agent, 'PATCH', `/chat_memberships/${id}`, { last_seen_at: new Date().toISOString() }),
  replies: ({ id }, number) => as(demo().agent, 'POST', `/chats/${id}/messages`, { message: `answer ${number}` }),
  sends: async ({ id }, number) => replica.send(id, { message: `sent ${number}` }),
  edits: async ({ id }, number) => {
    const { own } = await lastOf(demo().agent, id);
    if (own !== undefined)
      await as(demo().agent, 'PATCH', `/chats/${id}/messages/${own}`, { message: `edited ${number}` });
  },
  deletes: async ({ id }) => {
    const { own } = await lastOf(demo().agent, id);
    if (own !== undefined) await as(demo().agent, 'DELETE', `/chats/${id}/messages/${own}`);
  },
  tags: ({ id }, number) => as(demo().agent, 'POST', `/chats/${id}/tags`, { name: tagOf(number) }),
  untags: ({ id }, number) => as(demo().agent, 'DELETE', `/chats/${id}/tags/${tagOf(number)}`),
  colleagueTakes: ({ id }) =>
    as(demo().agent2, 'POST', `/routed_chats/${id}/memberships`, { is_participating: true, composing_status: 'idle' }),
  colleagueLeaves: ({ id }) => as(demo().agent2, 'PATCH', `/chat_memberships/${id}`, { is_participating: false }),
  colleagueReplies: ({ id }, number) =>
    as(demo().agent2, 'POST', `/chats/${id}/messages`, { message: `theirs ${number}` }),
  colleagueInvites: ({ id }) =>
    as(demo().agent2, 'POST', `/chats/${id}/outgoing_chat_invitations`, { invited_user_id: demo().agent.id }),
  accepts: async () => {
    const { body } = await as(demo().agent, 'GET', '/incoming_chat_invitations');
    const all = body['results'] as { id: string; chat_id: string; is_accepted: boolean; is_expired: boolean }[];
    const invited = all.find(({ is_accepted, is_expired }) => !is_accepted && !is_expired);
    const path = `/chats/${invited?.chat_id}/incoming_chat_invitations/${invited?.id}`;
    if (invited !== undefined) await as(demo().agent, 'PATCH', path, { is_accepted: true });
  },
  startsOne: async (_, number) => {
    const { body } = await as(demo().agent, 'POST', '/chats', {});
    await as(demo().agent, 'POST', `/chats/${body['id']}/messages`, { message: `between us ${number}` });
    await as(demo().agent, 'POST', `/chats/${body['id']}/outgoing_chat_invitations`, {
      invited_user_id: demo().agent2.id,
    });
  },
  colleagueArrives: () => as(demo().agent2, 'POST', '/clients', { presence_expires_in: 600 }),
  colleagueSignsOff: async () => {
    const { body } = await as(demo().agent2, 'GET', '/clients');
    for (const { id } of body['results'] as { id: string }[]) await as(demo().agent2, 'DELETE', `/clients/${id}`);
  },
  botTakes: ({ id }) =>
    as(demo().bot, 'POST', `/routed_chats/${id}/memberships`, { is_participating: true, composing_status: 'idle' }),
  botSuggests: async ({ id }, number) => {
    const { asked } = await lastOf(demo().agent, id);
    const path = `/routed_chats/${id}/messages/${asked}/reply_suggestions`;
    if (asked !== undefined) await as(demo().bot, 'POST', path, { suggestion: `say ${number}`, relevancy_score: 0.5 });
  },
  drafts: ({ id }, number) => as(demo().agent, 'PUT', `/routed_chats/${id}/draft`, { message: `begun ${number}` }),
  isMentioned: ({ id }, number) =>
    as(demo().agent2, 'POST', `/routed_chats/${id}/notes`, {
      message: `look ${number}`,
      mentioned_user_ids: [demo().agent.id],
    }),
  mentionIsTakenBack: async ({ id }) => {
    const { body } = await as(demo().agent2, 'GET', `/routed_chats/${id}/notes`);
    const last = ((body['results'] ?? []) as { id: string }[]).at(-1);
    if (last !== undefined) await as(demo().agent2, 'DELETE', `/routed_chats/${id}/notes/${last.id}`);
  },
  seesMention: ({ id }) => as(demo().agent, 'DELETE', `/mentions/${id}`),
  forgetsDraft: ({ id }) => as(demo().agent, 'DELETE', `/routed_chats/${id}/draft`),
  ends: ({ id }) => as(demo().agent, 'PATCH', `/chats/${id}`, { is_ended: true }),
  closes: ({ thread }) => hub.client.closeSession(channel.id, thread),
  theNetworkBreaks: async () => network.cut(),
  theNetworkIsGone: async (_, number) => {
    network.isDown = true;
    network.cut();
    setTimeout(
      () => {
        network.isDown = false;
      },
      20 * (number % 20),
    );
  },
};

async function losePlace(): Promise<void> {
  losesPlace = true;
  network.cut();
}

test(
  'the copy of the console is what REST answers, whatever happens to the network',
  async () => {
    const turn = fc.record({
      step: fc.constantFrom(...Object.keys(STEPS)),
      chat: fc.nat(THREADS - 1),
      number: fc.nat(999),
    });
    let runs = 0;
    const listsAtFirst = await settledLists(replica, () => lists);
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 150, maxLength: 150 }), async (turns) => {
        runs += 1;
        const chats: { id: string; thread: string }[] = [];
        for (let place = 0; place < THREADS; place++) {
          const thread = `run-${runs}-${place}`;
          const { chat_id } = await hub.client.sendMessage(channel.id, thread, 'Hello', randomUUID());
          chats.push({ id: chat_id, thread });
          if (place < 2) replica.openChat(chat_id);
          if (place < 2) await hub.client.joinChat(demo().agent, chat_id);
        }
        for (const [place, { step, chat, number }] of turns.entries()) {
          await STEPS[step]?.(chats[chat] ?? { id: '', thread: '' }, number);
          if (place % 30 === 20) network.cut();
          if (place === 40 && runs > RUNS_WITHOUT_RESET) await losePlace();
        }
        network.isDown = false;
        await vi.waitFor(
          async () => {
            expect(faults).toEqual([]);
            expect(replica.getState().outbox.filter(({ state }) => state.is !== 'failed')).toEqual([]);
            expect(replica.getState().live.is).toBe('live');
            await compareWithRest(replica, hub.client, demo().agent);
          },
          { timeout: 30_000, interval: 200 },
        );
        // What the notifications say is enough.
        if (runs <= RUNS_WITHOUT_RESET) expect(lists).toBe(listsAtFirst);
        for (const { id } of chats) replica.closeChat(id);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    console.log(`${runs} runs, ${happened.resumes} resumes, ${happened.resets} resets, ${network.cuts} cuts`);
    // At least after the last cut of each run that does not lose its place. A quick run has few more.
    expect(happened.resumes).toBeGreaterThanOrEqual(RUNS_WITHOUT_RESET);
    expect(happened.resets).toBeGreaterThan(0);
  },
  RUNS * 40_000,
);
