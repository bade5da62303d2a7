import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UserFacts } from '../../../src/resources/user.ts';
import { resourceIdAt, seqOfResource, threadNameOfChat } from '../../../src/thread/address.ts';
import type { Command, IncomingMessage } from '../../../src/thread/commands.ts';
import type { ThreadEvent } from '../../../src/thread/events.ts';
import { fold } from '../../../src/thread/fold.ts';
import { messageKey } from '../../../src/thread/received.ts';
import { emptyThread, type ThreadState } from '../../../src/thread/state.ts';
import { IDENTITY, NAME, ORGANIZATION, receiveCommand, ThreadModel } from './thread-model.ts';

const FOREIGN_ORGANIZATION = '018f0000-0000-7000-8000-00000000000f';
const USERS: UserFacts[] = [
  user(1, ORGANIZATION, false),
  user(2, ORGANIZATION, true),
  user(3, FOREIGN_ORGANIZATION, false),
];

function user(place: number, organization_id: string, is_bot: boolean): UserFacts {
  const id = `018f0000-0000-7000-8000-0000000001${place}0`;
  const names = { first_name: 'User', last_name: String(place), alias: place === 1 ? 'Alias' : null };
  return { id, ...names, organization_id, avatar: null, is_bot, is_staff: false };
}

/** A step names chats, messages and suggestions by their place among those that exist, so that most of them hit. */
type Step =
  | {
      kind: 'receive';
      messages: { sender: number; id: number; body: number; suggestion: number | null; age: number | null }[];
      close: boolean;
      skip: boolean;
      name: string | null;
    }
  | { kind: 'close' }
  | { kind: 'post'; chat: number; user: number; suggestion: number | null }
  | { kind: 'join'; chat: number; user: number; participating: boolean }
  | { kind: 'update'; chat: number; user: number; ended: boolean }
  | { kind: 'suggest'; chat: number; user: number; message: number; scope: 'member' | 'routed' }
  | { kind: 'again'; command: number };

const place = fc.nat({ max: 5 });
const maybe = fc.option(place, { nil: null, freq: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      messages: fc.array(
        fc.record({
          sender: fc.nat({ max: 2 }),
          id: fc.nat({ max: 8 }),
          body: fc.nat({ max: 1 }),
          suggestion: maybe,
          age: fc.option(fc.nat({ max: 100_000 }), { nil: null, freq: 6 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      close: fc.boolean(),
      skip: fc.boolean(),
      name: fc.option(fc.constantFrom('Jane', 'Joe'), { nil: null }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'close' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      chat: place,
      user: fc.nat({ max: 2 }),
      suggestion: maybe,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('join' as const),
      chat: place,
      user: fc.nat({ max: 2 }),
      participating: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      chat: place,
      user: fc.nat({ max: 2 }),
      ended: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('suggest' as const),
      chat: place,
      user: fc.nat({ max: 2 }),
      message: place,
      scope: fc.constantFrom('member' as const, 'routed' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), command: fc.nat({ max: 20 }) }) },
);

test('random command sequences keep the invariants of a thread', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40, size: 'max' }),
      fc.array(fc.nat({ max: 90_000 }), { minLength: 40, maxLength: 40 }),
      (steps, pauses) => {
        const startsAt = 1_800_000_000_000;
        const model = new ThreadModel(startsAt);
        const sent: Command[] = [];
        for (const [index, each] of steps.entries()) {
          const before = model.state;
          const command = commandOf(each, model, sent, startsAt);
          const isRetry = each.kind === 'again' && sent.includes(command);
          sent.push(command);
          const logged = model.log.length;
          const decision = model.execute(command, pauses[index]);
          if (!decision.ok) expect(model.state).toBe(before);
          else if (isRetry && wasAnswered(before, command)) expect(model.log.length).toBe(logged);
          checkLog(model.log);
          checkState(model);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function commandOf(each: Step, model: ThreadModel, sent: Command[], startsAt: number): Command {
  const chats = [...model.state.chats.keys()];
  const suggestions = [...model.state.suggestions.keys()];
  const messages = [...model.state.messages];
  const unknown = resourceIdAt(NAME, startsAt, 4_000_000);
  const pick = (list: string[], at: number) => list[at % Math.max(1, list.length)] ?? unknown;
  const actorOf = (at: number) => USERS[at] ?? user(9, ORGANIZATION, false);
  const head = { v: 1 as const, command_id: crypto.randomUUID() };
  switch (each.kind) {
    case 'receive': {
      const incoming = each.messages.map(({ sender, id, body, suggestion, age }): IncomingMessage => {
        const isUser = sender > 0;
        const who = isUser ? actorOf(sender - 1) : null;
        const content = {
          body: `body ${body}`,
          sender_type: isUser ? ('user' as const) : ('visitor' as const),
          sender_id: who?.id ?? 'customer@example.com',
          message_id: `message ${id}`,
        };
        return {
          ...content,
          key: messageKey(content),
          created_at: age === null || !each.close ? null : startsAt - age,
          selected_reply_suggestion_id: suggestion === null || !isUser ? null : pick(suggestions, suggestion),
          user: who,
        };
      });
      const variables: Record<string, string> = each.name === null ? {} : { username: each.name };
      return receiveCommand({
        messages: incoming,
        close_session: each.close,
        skip_waiting_state: each.skip,
        variables,
      });
    }
    case 'close':
      return { ...head, type: 'close_thread', identity: IDENTITY, organization_id: ORGANIZATION };
    case 'post':
      return {
        ...head,
        type: 'post_message',
        chat_id: pick(chats, each.chat),
        actor: actorOf(each.user),
        message: 'reply',
        selected_reply_suggestion_id: each.suggestion === null ? null : pick(suggestions, each.suggestion),
      };
    case 'join':
      return {
        ...head,
        type: 'join_chat',
        chat_id: pick(chats, each.chat),
        actor: actorOf(each.user),
        is_kept_out: false,
        is_participating: each.participating,
        composing_status: 'idle',
      };
    case 'update':
      return {
        ...head,
        type: 'update_chat',
        chat_id: pick(chats, each.chat),
        actor: actorOf(each.user),
        is_ended: each.ended,
        is_waiting: each.ended ? null : false,
      };
    case 'suggest':
      return {
        ...head,
        type: 'add_reply_suggestion',
        chat_id: pick(chats, each.chat),
        message_id: pick(messages, each.message),
        scope: each.scope,
        actor: actorOf(each.user),
        suggestion: 'suggested',
        relevancy_score: 0.5,
      };
    case 'again':
      return sent[each.command % Math.max(1, sent.length)] ?? receiveCommand({ messages: [plainMessage()] });
  }
}

function plainMessage(): IncomingMessage {
  return {
    key: 'first',
    body: 'first',
    sender_type: 'visitor',
    sender_id: 'customer@example.com',
    message_id: 'first',
    created_at: null,
    selected_reply_suggestion_id: null,
    user: null,
  };
}

function wasAnswered(state: ThreadState, command: Command): boolean {
  return [...state.chats.values()].some((chat) => chat.recent_commands.some(([id]) => id === command.command_id));
}

/** What must hold of the log alone. */
function checkLog(log: ThreadEvent[]): void {
  const open = new Set<string>();
  const ended = new Set<string>();
  const keys = new Set<string>();
  const lastMessageAt = new Map<string, number>();
  for (const [index, event] of log.entries()) {
    expect(event.seq).toBe(index + 1);
    expect(event.at).toBeGreaterThanOrEqual(log[index - 1]?.at ?? 0);
    expect(threadNameOfChat(event.chat_id)).toBe(NAME);
    if (event.type === 'chat_started') {
      expect(open.size).toBe(0);
      expect(ended.has(event.chat_id)).toBe(false);
      open.add(event.chat_id);
    }
    if (event.type === 'chat_ended') {
      expect(open.delete(event.chat_id)).toBe(true);
      ended.add(event.chat_id);
    }
    if (event.type === 'message_added') {
      expect(ended.has(event.chat_id)).toBe(false);
      expect(seqOfResource(event.message.id)).toBe(event.seq);
      expect(event.message.created_at).toBeGreaterThanOrEqual(lastMessageAt.get(event.chat_id) ?? 0);
      lastMessageAt.set(event.chat_id, event.message.created_at);
      if (event.message.external_message_id !== null) {
        const key = messageKey({
          message_id: event.message.external_message_id,
          sender_type: event.message.sender_type,
          sender_id: event.message.external_sender_id ?? event.message.sender_id,
          body: event.message.message ?? '',
        });
        expect(keys.has(key)).toBe(false);
        keys.add(key);
      }
    }
  }
}

/** What must hold of the state beside the log. */
function checkState(model: ThreadModel): void {
  const replayed = model.log.reduce(fold, emptyThread(NAME));
  expect(replayed.thread).toEqual(model.state.thread);
  expect(replayed.chats).toEqual(model.state.chats);
  for (const chat of model.state.chats.values()) {
    const messages = model.log.flatMap((event) =>
      event.type === 'message_added' && event.chat_id === chat.facts.id && event.message.type === 'msg'
        ? [event.message]
        : [],
    );
    const byUsers = messages.filter((message) => message.sender_type === 'user');
    expect(chat.facts.user_message_count).toBe(byUsers.length);
    expect(chat.facts.visitor_message_count).toBe(messages.length - byUsers.length);
    for (const message of messages) expect(chat.members.has(message.sender_id)).toBe(true);
    expect(chat.facts.visitor_member_count).toBe(1);
    expect(chat.facts.member_count).toBe(chat.members.size);
    if (chat.facts.ended_at !== null) expect(chat.facts.is_waiting).toBe(false);
    expect(chat.recent_commands.length).toBeLessThanOrEqual(32);
  }
}
