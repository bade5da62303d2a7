import { describe, expect, it } from 'vitest';
import { transitionsOf } from '../../../src/domain/evolve.ts';
import { emptyThread } from '../../../src/domain/state.ts';
import { match } from '../../../src/notifications/match.ts';
import {
  KINDS,
  type Notification,
  notificationsOf,
  type ThreadUpdate,
} from '../../../src/notifications/notifications.ts';
import { lacksReports, type UserSubscriber } from '../../../src/notifications/subscriber.ts';
import { subscribedTopic, type Topic } from '../../../src/resources/topic.ts';
import {
  COLLEAGUE,
  FOREIGNER,
  head,
  incoming,
  join,
  post,
  ROUTED,
  START,
  waitingChat,
} from '../../support/sample-commands.ts';
import { AGENT } from '../../support/sample-events.ts';
import { ORGANIZATION, ROOM, ThreadModel } from '../../support/thread-model.ts';

const PARTNER = FOREIGNER.organization_id;
const NOWHERE = { organization_id: null, room_ids: [] };
const HERE = { organization_id: null, room_ids: [ROOM.id] };

const NOBODY: UserSubscriber = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: COLLEAGUE.id,
  has_reports: false,
  keeps_private_history: false,
  reach: null,
  history_reach: null,
  member_reach: null,
  organization_reach: null,
  stands_for: [],
};

function topicOf(path: string, subscriber: UserSubscriber): Topic {
  const { organization_id, user_id } = subscriber;
  const read = subscribedTopic(`/api/v5/${path}`, { organization_id, user_id: user_id ?? '' });
  if ('problem' in read) throw new Error(read.problem);
  return read.topic;
}

/** The paths of the notifications that a subscriber of a topic gets for the last command. */
function heard(model: ThreadModel, path: string, subscriber: UserSubscriber): string[] {
  const topic = topicOf(path, subscriber);
  return updatesOfLastCommand(model).flatMap((update) =>
    update.notifications.flatMap((each: Notification) => match(update, each, topic, subscriber)?.channel ?? []),
  );
}

function updatesOfLastCommand(model: ThreadModel): ThreadUpdate[] {
  return transitionsOf(emptyThread(model.state.name), model.log)
    .filter(({ event }) => event.at === model.state.last_at)
    .map((each) => notificationsOf(each, 'organization', KINDS));
}

describe('a subscriber', () => {
  const { model, chatId } = waitingChat();

  it('is notified on the path of the collection with its ids', () => {
    expect(heard(model, `orgs/${ORGANIZATION}/owned_chats/*/messages`, NOBODY)).toEqual([
      `/api/v5/orgs/${ORGANIZATION}/owned_chats/${chatId}/messages`,
    ]);
    const reports = { ...NOBODY, has_reports: true };
    const visitor = model.chat(chatId).facts.visitor_id;
    expect(heard(model, `orgs/${ORGANIZATION}/rooms/*/visitors/*/chats/*/messages`, reports)).toEqual([
      `/api/v5/orgs/${ORGANIZATION}/rooms/${ROOM.id}/visitors/${visitor}/chats/${chatId}/messages`,
    ]);
  });

  it('is not notified on a path with other ids', () => {
    const other = '018f0000-0000-7000-8000-0000000000ee';
    const reports = { ...NOBODY, has_reports: true };
    expect(heard(model, `orgs/${ORGANIZATION}/owned_chats/${other}/messages`, NOBODY)).toEqual([]);
    expect(heard(model, `orgs/${ORGANIZATION}/rooms/${other}/chats/*/messages`, reports)).toEqual([]);
    const path = `orgs/${ORGANIZATION}/rooms/*/visitors/${'f'.repeat(32)}/chats/*/messages`;
    expect(heard(model, path, reports)).toEqual([]);
  });

  it('of another organization is notified of rooms only through a share', () => {
    const partner = { ...NOBODY, organization_id: PARTNER, user_id: FOREIGNER.id, has_reports: true };
    expect(heard(model, `orgs/${PARTNER}/owned_chats/*/messages`, partner)).toEqual([]);
    expect(heard(model, `orgs/${PARTNER}/rooms/*/chats/*/messages`, partner)).toEqual([]);
    const routed = `orgs/${PARTNER}/routed_chats/*/messages`;
    expect(heard(model, routed, partner)).toEqual([]);
    expect(heard(model, routed, { ...partner, organization_reach: NOWHERE })).toEqual([]);
    expect(heard(model, routed, { ...partner, organization_reach: HERE })).toHaveLength(1);
  });

  it('is notified of chats in the rooms routed to its user, and of their messages only with private history', () => {
    const chats = 'users/{user_id}/routed_chats';
    expect(heard(model, chats, NOBODY)).toEqual([]);
    expect(heard(model, chats, { ...NOBODY, reach: NOWHERE })).toEqual([]);
    expect(heard(model, chats, { ...NOBODY, reach: HERE })).toHaveLength(1);
    expect(heard(model, `${chats}/*/messages`, { ...NOBODY, reach: HERE, history_reach: NOWHERE })).toEqual([]);
    expect(heard(model, `${chats}/*/messages`, { ...NOBODY, history_reach: HERE })).toHaveLength(1);
    const pending = 'users/{user_id}/pending_chats';
    expect(heard(model, pending, { ...NOBODY, reach: HERE, history_reach: NOWHERE })).toHaveLength(1);
    expect(heard(model, `${pending}/*/messages`, { ...NOBODY, reach: HERE, history_reach: NOWHERE })).toEqual([]);
    expect(heard(model, `${pending}/*/messages`, { ...NOBODY, history_reach: HERE })).toHaveLength(1);
  });

  it('is notified of a user’s own chats once the user is a member, and of involved ones once anybody of the organization is', () => {
    const { model: other, chatId: id } = waitingChat();
    const colleague = { ...NOBODY, user_id: COLLEAGUE.id };
    other.answer(join(id));
    other.answer(post(id));
    expect(heard(other, 'users/{user_id}/chats/*/messages', colleague)).toEqual([]);
    expect(heard(other, 'users/{user_id}/chats/*/messages', { ...NOBODY, user_id: AGENT.id })).toHaveLength(1);
    expect(heard(other, `orgs/${ORGANIZATION}/involved_chats/*/messages`, colleague)).toHaveLength(1);
    const partner = { ...NOBODY, organization_id: PARTNER, user_id: FOREIGNER.id };
    expect(heard(other, `orgs/${PARTNER}/involved_chats/*/messages`, partner)).toEqual([]);
  });

  it('is not notified of messages in a chat that is not pending any more', () => {
    const { model: other, chatId: id } = waitingChat();
    other.answer(join(id));
    other.answer(incoming('again'));
    expect(heard(other, 'users/{user_id}/pending_chats/*/messages', { ...NOBODY, history_reach: HERE })).toEqual([]);
  });

  it('is not notified on a topic of other people', () => {
    const own = topicOf('users/{user_id}/chats', { ...NOBODY, user_id: AGENT.id });
    const updates = updatesOfLastCommand(model);
    expect(updates.flatMap(({ notifications }) => notifications)).not.toEqual([]);
    for (const update of updates) {
      for (const each of update.notifications) {
        expect(match(update, each, own, NOBODY)).toBeNull();
        expect(match(update, each, own, { kind: 'visitor', visitor_id: 'f'.repeat(32) })).toBeNull();
      }
    }
  });
});

describe('a change of what was written before', () => {
  const chats = 'users/{user_id}/chats';
  const silent: UserSubscriber = { ...NOBODY, member_reach: HERE };

  /** A chat with an early message and a suggestion for it, which COLLEAGUE joins silently afterwards. */
  function joinedLater() {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    const { message } = model.answer(post(chatId));
    const { suggestion } = model.answer(suggest(chatId, message.id));
    model.answer(join(chatId, { actor: COLLEAGUE, is_participating: false }));
    const edit = { ...head(), type: 'edit_message' as const, by: 'user' as const, chat_id: chatId, actor: AGENT };
    const improve = { ...suggest(chatId, message.id), type: 'update_reply_suggestion' as const };
    return {
      model,
      chatId,
      message,
      edit: () => model.answer({ ...edit, ...head(), message_id: message.id, message: crypto.randomUUID() }),
      improve: (score: number) =>
        model.answer({ ...improve, ...head(), suggestion_id: suggestion.id, relevancy_score: score }),
    };
  }

  const suggest = (chat_id: string, message_id: string) => ({
    ...head(),
    type: 'add_reply_suggestion' as const,
    chat_id,
    message_id,
    grant: ROUTED,
    actor: AGENT,
    suggestion: 'secret',
    relevancy_score: null,
  });

  it('is told to a silent member from the start of the membership on, unless the history is open to them', () => {
    const { model, message, chatId, edit, improve } = joinedLater();
    edit();
    expect(heard(model, `${chats}/*/messages`, silent)).toEqual([]);
    expect(heard(model, `${chats}/*/messages`, { ...silent, member_history: NOWHERE })).toEqual([]);
    expect(heard(model, `${chats}/*/messages`, { ...silent, member_history: HERE })).toHaveLength(1);
    expect(heard(model, `${chats}/*/messages`, { ...NOBODY, user_id: AGENT.id })).toHaveLength(1);
    improve(0.1);
    for (const path of [`${chats}/*/reply_suggestions`, `${chats}/*/messages/*/reply_suggestions`]) {
      expect(heard(model, path, silent)).toEqual([]);
      expect(heard(model, path, { ...silent, member_history: HERE })).toHaveLength(1);
      expect(heard(model, path, { ...NOBODY, user_id: AGENT.id })).toHaveLength(1);
    }
    // A new suggestion for an early message is in the list of the chat, and not in that of the message.
    model.answer(suggest(chatId, message.id));
    expect(heard(model, `${chats}/*/reply_suggestions`, silent)).toHaveLength(1);
    expect(heard(model, `${chats}/*/messages/*/reply_suggestions`, silent)).toEqual([]);
    const { message: later } = model.answer(post(chatId));
    model.answer(suggest(chatId, later.id));
    expect(heard(model, `${chats}/*/messages/*/reply_suggestions`, silent)).toHaveLength(1);
    model.answer(join(chatId, { actor: COLLEAGUE }));
    edit();
    expect(heard(model, `${chats}/*/messages`, silent)).toHaveLength(1);
  });

  it('is told to a partner since one of them takes part, unless the room and its history are open to them', () => {
    const { model, chatId, edit, improve } = joinedLater();
    const involved = `orgs/${PARTNER}/involved_chats/*`;
    const partner = { ...NOBODY, organization_id: PARTNER, user_id: FOREIGNER.id, organization_reach: NOWHERE };
    model.answer(join(chatId, { actor: FOREIGNER, grant: ROUTED }));
    edit();
    expect(heard(model, `${involved}/messages`, partner)).toEqual([]);
    expect(heard(model, `${involved}/messages`, { ...partner, organization_reach: HERE })).toHaveLength(1);
    expect(heard(model, `orgs/${ORGANIZATION}/involved_chats/*/messages`, NOBODY)).toHaveLength(1);
    improve(0.2);
    expect(heard(model, `${involved}/reply_suggestions`, partner)).toEqual([]);
    model.answer(suggest(chatId, model.answer(post(chatId)).message.id));
    expect(heard(model, `${involved}/messages/*/reply_suggestions`, partner)).toHaveLength(1);
  });
});

describe('the scope `reports`', () => {
  const lists = ['room_chats', 'room_pending_chats'] as const;
  const histories = ['owned_chats', 'routed_chats', 'involved_chats', 'room_visitor_chats'] as const;
  const routed = ['user_routed_chats', 'user_pending_chats'] as const;

  it('is needed for the lists of a room, and with private history for the organization’s paths', () => {
    const kept = { ...NOBODY, keeps_private_history: true };
    for (const chats of lists) expect(lacksReports(NOBODY, { chats, part: 'chats' })).toBe(true);
    for (const chats of histories) {
      expect(lacksReports(NOBODY, { chats, part: 'messages' })).toBe(false);
      expect(lacksReports(kept, { chats, part: 'messages' })).toBe(true);
    }
    expect(lacksReports(kept, { chats: 'user_chats', part: 'messages' })).toBe(false);
    for (const chats of routed) {
      for (const part of ['messages', 'tags', 'reply_suggestions', 'message_reply_suggestions'] as const)
        expect(lacksReports(kept, { chats, part })).toBe(true);
      for (const part of ['chats', 'memberships'] as const) expect(lacksReports(kept, { chats, part })).toBe(false);
    }
  });

  it('opens every topic; without it there are no notifications', () => {
    const kept = { ...NOBODY, keeps_private_history: true };
    for (const chats of [...lists, ...histories, ...routed, 'user_chats'] as const) {
      expect(lacksReports({ ...kept, has_reports: true }, { chats, part: 'messages' })).toBe(false);
    }
    const { model } = waitingChat();
    const path = `orgs/${ORGANIZATION}/owned_chats/*/messages`;
    expect(heard(model, path, kept)).toEqual([]);
    expect(heard(model, path, { ...kept, has_reports: true })).toHaveLength(1);
  });
});

it('the events of an import are in the past, but sockets get them', () => {
  const model = new ThreadModel(START);
  model.answer(incoming('long ago', { close_session: true, skip_webhooks: true }));
  expect(heard(model, `orgs/${ORGANIZATION}/owned_chats`, NOBODY)).toHaveLength(1);
});
