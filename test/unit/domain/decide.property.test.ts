import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seqOfResource, type ThreadIdentity, threadName, threadNameOfChat } from '../../../src/domain/address.ts';
import type { Command } from '../../../src/domain/commands.ts';
import type { ThreadEvent } from '../../../src/domain/events.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { messageKey } from '../../../src/domain/fingerprints.ts';
import { changeMessage, isMessageChange, MESSAGE_CHANGES } from '../../../src/domain/message-changes.ts';
import { isCovered, redactEvent, redactMessage } from '../../../src/domain/redaction.ts';
import { type ChatState, emptyThread, openChat } from '../../../src/domain/state.ts';
import { endsAt } from '../../../src/resources/chat.ts';
import { isOpenInvitation } from '../../../src/resources/invitation.ts';
import type { MessageFacts } from '../../../src/resources/message.ts';
import { IDENTITY, ThreadModel } from '../../support/thread-model.ts';
import { USERS_IDENTITY, VISITOR_IDENTITY } from '../../support/thread-people.ts';
import { commandOf, openingStep, step } from '../../support/thread-steps.ts';

const STARTS_AT = 1_800_000_000_000;

describe.each<ThreadIdentity>([IDENTITY, VISITOR_IDENTITY, USERS_IDENTITY])('a thread of kind $kind', (identity) => {
  test('keeps its invariants, whatever commands come', () => {
    fc.assert(
      fc.property(
        // Most runs begin with an open chat, because little can happen without one.
        fc.oneof(
          { weight: 5, arbitrary: fc.constant([openingStep(identity)]) },
          { weight: 1, arbitrary: fc.constant([]) },
        ),
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.array(fc.nat({ max: 90_000 }), { minLength: 61, maxLength: 61 }),
        (opening, steps, pauses) => {
          const model = new ThreadModel(STARTS_AT, threadName(identity));
          const sent: Command[] = [];
          for (const [index, each] of [...opening, ...steps].entries()) {
            const command = commandOf(each, model, identity, sent, STARTS_AT);
            if (command === null) continue;
            execute(model, command, pauses[index]);
            sent.push(command);
            checkState(model);
          }
          checkLog(model);
          checkRedactedLog(model);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/**
 * A refused command changes nothing. An accepted one that is repeated at once gets the same answer and writes nothing.
 */
function execute(model: ThreadModel, command: Command, pause = 1): void {
  const before = model.state;
  const logged = model.log.length;
  const decision = model.execute(command, pause);
  const last = model.log.slice(0, logged).findLast(({ command_id }) => command_id === command.command_id);
  const isRepeat = last !== undefined && model.remembered(command)?.seq === last.seq;
  if (!decision.ok) {
    expect(model.state).toBe(before);
    expect(model.log.length).toBe(logged);
    return;
  }
  if (isRepeat) expect(model.log.length).toBe(logged);
  if (decision.events.length > 0) expect(model.remembered(command)).not.toBeNull();
  const again = model.execute(command, 0);
  expect(again).toMatchObject({ ok: true, answer: decision.answer, events: [] });
}

/** Invariants of the log alone. */
function checkLog({ log, state }: ThreadModel): void {
  const open = new Set<string>();
  const ended = new Set<string>();
  const keys = new Set<string>();
  const lastMessageAt = new Map<string, number>();
  for (const [index, event] of log.entries()) {
    expect(event.seq).toBe(index + 1);
    expect(event.at).toBeGreaterThanOrEqual(log[index - 1]?.at ?? 0);
    expect(threadNameOfChat(event.chat_id)).toBe(state.name);
    if (event.type === 'chat_started') {
      expect(open.size).toBe(0);
      expect(ended.has(event.chat_id)).toBe(false);
      open.add(event.chat_id);
    } else if (event.type === 'chat_ended') {
      expect(open.delete(event.chat_id)).toBe(true);
      ended.add(event.chat_id);
    } else if (ended.has(event.chat_id)) checkAfterEnd(event);
    if (event.type === 'invitation_sent') expect(seqOfResource(event.invitation.id)).toBe(event.seq);
    if (event.type === 'reply_suggestion_added') expect(seqOfResource(event.suggestion.id)).toBe(event.seq);
    if (event.type === 'message_added') {
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

/** The log as the object keeps it after its purges gives the same state, shows what it shows, and is purged only once. */
function checkRedactedLog({ log, state }: ThreadModel): void {
  const purges = log.filter((event) => event.type === 'purged');
  const redacted = log.map((event) => purges.reduce(redactEvent, event));
  const replayed = redacted.reduce(evolve, emptyThread(state.name));
  expect(replayed.thread).toEqual(state.thread);
  expect(replayed.chats).toEqual(state.chats);
  expect(replayed.suggestions).toEqual(state.suggestions);
  expect(redacted.map((event) => purges.reduce(redactEvent, event))).toEqual(redacted);
  expect(messagesIn(redacted)).toEqual(messagesIn(log));
  for (const [place, event] of redacted.entries()) {
    const { type, seq, at, chat_id } = log[place] ?? event;
    expect({ type, seq, at, chat_id }).toEqual({
      type: event.type,
      seq: event.seq,
      at: event.at,
      chat_id: event.chat_id,
    });
  }
}

/** The messages of a log, purged when it says so. */
function messagesIn(log: readonly ThreadEvent[]): Map<string, MessageFacts> {
  const found = new Map<string, MessageFacts>();
  const chats = new Map<string, string>();
  for (const event of log) {
    if (event.type === 'message_added') {
      found.set(event.message.id, event.message);
      chats.set(event.message.id, event.chat_id);
    }
    const before = isMessageChange(event) ? found.get(event.message_id) : undefined;
    if (isMessageChange(event) && before !== undefined) found.set(before.id, changeMessage(before, event));
    if (event.type !== 'purged') continue;
    for (const [id, facts] of found) {
      if (chats.get(id) !== event.chat_id || !isCovered(facts.created_at, event)) continue;
      found.set(id, redactMessage(facts, event));
    }
  }
  return found;
}

/**
 * An ended chat gets tags, suggestions, changes of its messages and purges, and nothing else. A new name belongs to the thread, for the next
 * session.
 */
function checkAfterEnd(event: ThreadEvent): void {
  if (event.type === 'variables_set' || event.type === 'purged') return;
  const what = event.type === 'message_added' ? event.message.type : event.type;
  const ofTags = ['tag_created', 'tag_added', 'tag_removed'];
  expect([...ofTags, 'reply_suggestion_added', 'reply_suggestion_changed', ...MESSAGE_CHANGES]).toContain(what);
}

/** Invariants of the state and the log. */
function checkState(model: ThreadModel): void {
  const replayed = model.log.reduce(evolve, emptyThread(model.state.name));
  expect(replayed.thread).toEqual(model.state.thread);
  expect(replayed.chats).toEqual(model.state.chats);
  expect(replayed.suggestions).toEqual(model.state.suggestions);
  const open = [...model.state.chats.values()].filter(({ facts }) => facts.ended_at === null);
  expect(open).toEqual([openChat(model.state)].filter((chat) => chat !== null));
  for (const chat of model.state.chats.values()) {
    checkMessages(model, chat);
    checkMembers(model, chat);
    checkEnd(chat);
    expect(chat.facts.tag_count).toBe(chat.tags.size);
  }
}

function checkMessages(model: ThreadModel, { facts, members }: ChatState): void {
  const all = messagesOf(model, facts.id);
  const messages = all.filter(({ type }) => type === 'msg');
  const byUsers = messages.filter((message) => message.sender_type === 'user');
  expect(facts.user_message_count).toBe(byUsers.length);
  expect(facts.visitor_message_count).toBe(messages.length - byUsers.length);
  const counts: Record<string, number> = {};
  for (const { sender_id } of messages) counts[sender_id] = (counts[sender_id] ?? 0) + 1;
  expect(facts.message_counts).toEqual(counts);
  for (const message of messages) expect(members.has(message.sender_id)).toBe(true);
  const activity = all.filter(({ type }) => type === 'msg' || type === 'action');
  expect(facts.last_activity_at).toBe(activity.at(-1)?.created_at ?? null);
  const isHuman = byUsers.some(({ sender_id }) => members.get(sender_id)?.facts.is_bot === false);
  expect(facts.has_human_message).toBe(isHuman);
}

function checkMembers(model: ThreadModel, { facts, members }: ChatState): void {
  const all = [...members.values()].map((member) => member.facts);
  const users = all.filter(({ member_type }) => member_type === 'user');
  const present = all.filter(({ is_participating, is_present }) => is_participating && is_present);
  const presentOf = (type: string) => present.filter(({ member_type }) => member_type === type).length;
  expect(facts).toMatchObject({
    member_count: all.length,
    user_member_count: users.length,
    visitor_member_count: all.length - users.length,
    present_user_participant_count: presentOf('user'),
    present_visitor_participant_count: presentOf('visitor'),
  });
  expect(all.length - users.length).toBe(facts.visitor_id === null ? 0 : 1);
  if (facts.visitor_id === null) expect(facts.chat_type).toBe(users.length > 2 ? 'group' : 'operator');
  for (const { member_id, is_participating } of users) {
    const moves = messagesOf(model, facts.id).filter(
      ({ type, sender_id }) => (type === 'join' || type === 'leave') && sender_id === member_id,
    );
    expect(moves.map(({ type }) => type)).toEqual(moves.map((_, index) => (index % 2 === 0 ? 'join' : 'leave')));
    expect(is_participating).toBe(moves.at(-1)?.type === 'join');
  }
}

function checkEnd({ facts, invitations }: ChatState): void {
  for (const { facts: invitation } of invitations.values()) {
    expect(invitation.accepted_at === null || invitation.expired_at === null).toBe(true);
    expect((invitation.accepted_by_user === null) === (invitation.accepted_at === null)).toBe(true);
    if (facts.ended_at !== null) expect(isOpenInvitation(invitation)).toBe(false);
  }
  if (facts.ended_at === null) return;
  expect(facts.is_waiting).toBe(false);
  expect(endsAt(facts)).toBeNull();
}

function messagesOf(model: ThreadModel, chatId: string) {
  return model.log.flatMap((event) =>
    event.type === 'message_added' && event.chat_id === chatId ? [event.message] : [],
  );
}
