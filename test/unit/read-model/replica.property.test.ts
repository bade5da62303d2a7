import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ThreadIdentity } from '../../../src/domain/address.ts';
import { threadName } from '../../../src/domain/address.ts';
import type { Command } from '../../../src/domain/commands.ts';
import { transitionsOf } from '../../../src/domain/evolve.ts';
import { type ChatState, emptyThread, memberIn } from '../../../src/domain/state.ts';
import { match } from '../../../src/notifications/match.ts';
import { KINDS, notificationsOf, type View } from '../../../src/notifications/notifications.ts';
import type { Subscriber } from '../../../src/notifications/subscriber.ts';
import {
  chatForVisitor,
  HIDDEN_FROM_VISITORS,
  membershipForVisitor,
  messageForVisitor,
} from '../../../src/resources/as-visitors-see.ts';
import { chatResource, isPending } from '../../../src/resources/chat.ts';
import { invitationResource } from '../../../src/resources/invitation.ts';
import { type MemberFacts, membershipResource } from '../../../src/resources/membership.ts';
import { messageResource } from '../../../src/resources/message.ts';
import { replySuggestionResource } from '../../../src/resources/reply-suggestion.ts';
import { tagResource } from '../../../src/resources/tag.ts';
import { subscribedTopic, type Topic } from '../../../src/resources/topic.ts';
import type { UserFacts } from '../../../src/resources/user.ts';
import { IDENTITY, ORGANIZATION, ThreadModel } from '../../support/thread-model.ts';
import { USERS, USERS_IDENTITY, VISITOR_IDENTITY } from '../../support/thread-people.ts';
import { commandOf, openingStep, step } from '../../support/thread-steps.ts';

/**
 * A subscriber who applies the notifications (added, changed, removed) to an empty copy has in the end what REST
 * answers for the same path, and is told once of a resource that a command has changed.
 */
const STARTS_AT = 1_800_000_000_000;
/** A user of the steps: somebody else would be no member of any chat. */
const [AGENT] = USERS as [UserFacts];
const REACH = { organization_id: ORGANIZATION, room_ids: [] };
const NO_ROOMS = { organization_id: null, room_ids: [] };
const SUBSCRIBER: Subscriber = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: AGENT.id,
  has_reports: true,
  keeps_private_history: false,
  reach: REACH,
  history_reach: REACH,
  member_reach: REACH,
  organization_reach: REACH,
  stands_for: [AGENT.id, ORGANIZATION],
};

/** The same user in another place: no room reaches them, so their silent memberships give nothing. */
const UNREACHED: Subscriber = { ...SUBSCRIBER, member_reach: NO_ROOMS, organization_reach: NO_ROOMS };

type Entries = [id: string, resource: object][];
type Collection = { path: string; entries: (chats: readonly ChatState[], model: ThreadModel) => Entries };

const org = (name: string) => `/api/v5/orgs/${ORGANIZATION}/${name}`;
const user = (name: string) => `/api/v5/users/${AGENT.id}/${name}`;
const isMember = (chat: ChatState) => memberIn(chat, AGENT.id) !== undefined;
const isOfOrganization = (chat: ChatState) =>
  [...chat.members.values()].some(({ facts }) => facts.organization_id === ORGANIZATION);
const placeOf = (chat: ChatState) => ({ id: chat.facts.id, room_id: chat.facts.room?.id ?? null });
const asMember = (facts: MemberFacts, chat: ChatState) =>
  membershipResource({ ...facts, composing_status: 'idle' }, chat.facts);
const messagesOf = (model: ThreadModel, chat: ChatState) => model.keptMessages(chat.facts.id);

const chatsIf =
  (isThere: (chat: ChatState) => boolean): Collection['entries'] =>
  (chats) =>
    chats.filter(isThere).map((chat) => [chat.facts.id, chatResource(chat.facts)]);
const partsIf =
  (
    isThere: (chat: ChatState) => boolean,
    parts: (chat: ChatState, model: ThreadModel) => Entries,
  ): Collection['entries'] =>
  (chats, model) =>
    chats.filter(isThere).flatMap((chat) => parts(chat, model));

const members = (chat: ChatState): Entries =>
  [...chat.members].map(([id, { facts }]) => [`${chat.facts.id}/${id}`, asMember(facts, chat)]);
const tags = (chat: ChatState): Entries =>
  [...chat.tags].map(([name, { facts }]) => [`${chat.facts.id}/${name}`, tagResource(facts, placeOf(chat).room_id)]);
const messages = (chat: ChatState, model: ThreadModel): Entries =>
  messagesOf(model, chat).map((message) => [`${chat.facts.id}/${message.id}`, messageResource(message, placeOf(chat))]);
const suggestions = (chat: ChatState, model: ThreadModel): Entries =>
  [...model.state.suggestions.values()]
    .filter(({ chat_id }) => chat_id === chat.facts.id)
    .map(({ facts }) => [`${chat.facts.id}/${facts.id}`, replySuggestionResource(facts, placeOf(chat))]);

const hasRoom = (chat: ChatState) => chat.facts.room !== null;

/** What a member sees of the chats in which the membership holds. */
function ofMember(holds: (chat: ChatState) => boolean): Collection[] {
  return [
    { path: user('chats'), entries: chatsIf(holds) },
    {
      path: user('chat_memberships'),
      entries: (chats) =>
        chats.filter(holds).flatMap((chat) => {
          const own = chat.members.get(AGENT.id);
          return own === undefined ? [] : [[chat.facts.id, asMember(own.facts, chat)]];
        }),
    },
  ];
}

const COLLECTIONS: Collection[] = [
  { path: org('owned_chats'), entries: chatsIf(hasRoom) },
  { path: org('routed_chats'), entries: chatsIf(hasRoom) },
  { path: org('involved_chats'), entries: chatsIf(isOfOrganization) },
  { path: org('rooms/*/chats'), entries: chatsIf(hasRoom) },
  { path: org('rooms/*/pending_chats'), entries: chatsIf((chat) => hasRoom(chat) && isPending(chat.facts)) },
  {
    path: org('rooms/*/visitors/*/chats'),
    entries: chatsIf((chat) => hasRoom(chat) && chat.facts.visitor_id !== null),
  },
  { path: user('routed_chats'), entries: chatsIf(hasRoom) },
  { path: user('pending_chats'), entries: chatsIf((chat) => hasRoom(chat) && isPending(chat.facts)) },
  { path: org('owned_chats/*/messages'), entries: partsIf(hasRoom, messages) },
  { path: org('owned_chats/*/memberships'), entries: partsIf(hasRoom, members) },
  { path: org('owned_chats/*/tags'), entries: partsIf(hasRoom, tags) },
  { path: org('owned_chats/*/reply_suggestions'), entries: partsIf(hasRoom, suggestions) },
  { path: org('routed_chats/*/messages/*/reply_suggestions'), entries: partsIf(hasRoom, suggestions) },
  ...ofMember(isMember),
];

/** The subscriber's copy. Ids of parts are unique only within their chat. */
function replicaOf(model: ThreadModel, topic: Topic, subscriber: Subscriber, view: View): Map<string, object> {
  const replica = new Map<string, object>();
  const told = new Set<string>();
  for (const each of transitionsOf(emptyThread(model.state.name), model.log)) {
    const update = notificationsOf(each, view, KINDS);
    const notice = update.notifications.find(({ kind }) => kind === 'purge');
    const purges = purgesBeside(topic, subscriber);
    if (notice !== undefined && purges !== null && match(update, notice, purges, subscriber) !== null) {
      for (const [id, known] of replica) if (id.startsWith(`${update.place.chat_id}/`)) replica.set(id, forget(known));
    }
    for (const notification of update.notifications) {
      const seen = match(update, notification, topic, subscriber);
      if (seen === null) continue;
      const isOfChat = ['chats', 'own_memberships'].includes(topic.part);
      const id = isOfChat ? seen.resource_id : `${update.place.chat_id}/${seen.resource_id}`;
      const known = replica.get(id);
      const ofCommand = `${each.event.at} ${id}`;
      expect(told).not.toContain(ofCommand);
      told.add(ofCommand);
      if (seen.action === 'removed') {
        expect(known).toBeDefined();
        expect(seen.resource).toEqual({ id: seen.resource_id });
        replica.delete(id);
      } else if (seen.action === 'added') {
        expect(known).toBeUndefined();
        replica.set(id, seen.resource);
      } else {
        expect(known).toBeDefined();
        expect(Object.keys(seen.resource)).not.toEqual([]);
        expect(known).not.toMatchObject(seen.resource);
        replica.set(id, { ...known, ...seen.resource });
      }
    }
  }
  return replica;
}

/** The topic that tells of purges in the chats whose messages or suggestions a topic has; null for other topics. */
function purgesBeside(topic: Topic, subscriber: Subscriber): Topic | null {
  const isOfTexts = ['messages', 'reply_suggestions', 'message_reply_suggestions'].includes(topic.part);
  return isOfTexts && subscriber.kind !== 'visitor' ? { ...topic, part: 'purges', message_id: null } : null;
}

/** What docs/webhooks.md says a copy loses when the key of its chat is forgotten: what was in clear text. */
function forget(known: object): object {
  if ('suggestion' in known) return { ...known, suggestion: '' };
  const { subject: _subject, ...message } = known as Record<string, unknown>;
  const lost = Object.keys(message).filter((name) =>
    /^(message|failure_reason|selected_|attachment_t|response_)/.test(name),
  );
  return { ...message, attachments: [], ...Object.fromEntries(lost.map((name) => [name, null])) };
}

function topicOf(path: string, subscriber: Parameters<typeof subscribedTopic>[1]): Topic {
  const read = subscribedTopic(path, subscriber);
  if ('problem' in read) throw new Error(read.problem);
  return read.topic;
}

function compare(replica: Map<string, object>, entries: Entries): void {
  const sorted = (all: Iterable<[string, object]>) => [...all].sort(([one], [other]) => (one < other ? -1 : 1));
  expect(sorted(replica)).toEqual(sorted(entries));
}

function checkUser(model: ThreadModel): void {
  const chats = [...model.state.chats.values()];
  for (const { path, entries } of COLLECTIONS) {
    const topic = topicOf(path, { organization_id: ORGANIZATION, user_id: AGENT.id });
    compare(replicaOf(model, topic, SUBSCRIBER, 'organization'), entries(chats, model));
  }
  const holds = (chat: ChatState) => {
    const own = chat.members.get(AGENT.id)?.facts;
    return (
      own !== undefined && (own.is_participating || (!hasRoom(chat) && chat.facts.organization_id === ORGANIZATION))
    );
  };
  for (const { path, entries } of ofMember(holds)) {
    const topic = topicOf(path, { organization_id: ORGANIZATION, user_id: AGENT.id });
    compare(replicaOf(model, topic, UNREACHED, 'organization'), entries(chats, model));
  }
  // Later changes of the chat's counts are not notified with its invitations.
  const invited = topicOf(user('incoming_chat_invitations'), { organization_id: ORGANIZATION, user_id: AGENT.id });
  const facts = (entry: object) => {
    const { user_member_count: _users, visitor_member_count: _visitors, ...rest } = entry as Record<string, unknown>;
    return rest;
  };
  const update = [...replicaOf(model, invited, SUBSCRIBER, 'organization')].map(
    ([id, entry]) => [id, facts(entry)] as const,
  );
  const there = chats.flatMap((chat) =>
    [...chat.invitations.values()].flatMap(({ facts: one }) =>
      [AGENT.id, ORGANIZATION].includes(one.invitee.id)
        ? [[`${chat.facts.id}/${one.id}`, facts(invitationResource(one, invitationChat(chat)))] as const]
        : [],
    ),
  );
  compare(
    new Map(update),
    there.map(([id, entry]) => [id, entry]),
  );
}

function invitationChat(chat: ChatState) {
  const { user_member_count, visitor_member_count } = chat.facts;
  return { ...placeOf(chat), user_member_count, visitor_member_count };
}

function checkVisitor(model: ThreadModel): void {
  const visitor_id = model.state.thread?.visitor_id;
  if (visitor_id == null) return;
  const own = (name: string) => topicOf(`/api/v5/public/visitors/${visitor_id}/${name}`, { visitor_id });
  const replica = (name: string) => replicaOf(model, own(name), { kind: 'visitor', visitor_id }, 'visitor');
  const chats = [...model.state.chats.values()];
  const shown = (chat: ChatState) => messagesOf(model, chat).filter(({ type }) => !HIDDEN_FROM_VISITORS.includes(type));
  compare(
    replica('chats'),
    chats.map((chat) => [chat.facts.id, chatForVisitor(chat.facts)]),
  );
  compare(
    replica('chats/*/messages'),
    chats.flatMap((chat) =>
      shown(chat).map((message): [string, object] => [
        `${chat.facts.id}/${message.id}`,
        messageForVisitor(message, placeOf(chat)),
      ]),
    ),
  );
  compare(
    replica('chats/*/memberships'),
    chats.flatMap((chat) =>
      [...chat.members].map(([id, { facts }]): [string, object] => [
        `${chat.facts.id}/${id}`,
        membershipForVisitor({ ...facts, composing_status: 'idle' }, chat.facts),
      ]),
    ),
  );
}

/**
 * A purge is not told resource by resource. Receivers that keep copies learn of it as such (docs/webhooks.md). Visitors
 * learn nothing of it: they know what they wrote.
 */
const kept = step.filter(({ kind }) => kind !== 'purge');

describe.each<ThreadIdentity>([IDENTITY, VISITOR_IDENTITY, USERS_IDENTITY])('a thread of kind $kind', (identity) => {
  test('notifies so that a copy of each collection is what REST answers', () => {
    fc.assert(
      fc.property(fc.array(kept, { maxLength: 40, size: 'max' }), (turns) => {
        const model = new ThreadModel(STARTS_AT, threadName(identity));
        const sent: Command[] = [];
        for (const turn of [openingStep(identity), ...turns]) {
          const command = commandOf(turn, model, identity, sent, STARTS_AT);
          if (command === null) continue;
          model.execute(command, 1000);
          sent.push(command);
        }
        checkUser(model);
        if (!sent.some(({ type }) => type === 'purge')) checkVisitor(model);
      }),
      { numRuns: 60 },
    );
  });
});
