/** Random commands of every kind that a thread knows. One table has them all, so the file is long. */

import fc from 'fast-check';
import type { ThreadIdentity } from '../../src/domain/address.ts';
import type {
  Command,
  IncomingMessage,
  MessageAuthor,
  PostVisitorMessage,
  ReceiveMessages,
} from '../../src/domain/commands.ts';
import { messageKey } from '../../src/domain/fingerprints.ts';
import type { AttachmentTemplate } from '../../src/resources/attachment.ts';
import type { ChatGrant } from '../../src/resources/chat-grant.ts';
import type { Invitee } from '../../src/resources/invitation.ts';
import { REPORTED_STATES } from '../../src/resources/message.ts';
import type { UserFacts } from '../../src/resources/user.ts';
import { ALL_ROOMS } from './sample-commands.ts';
import { VISITOR } from './sample-events.ts';
import { Things } from './things.ts';
import { IDENTITY, ORGANIZATION, ROOM, receiveCommand, type ThreadModel } from './thread-model.ts';
import { ATTACHMENT, ENCRYPTION, LIFETIME, TEAM, USERS, user } from './thread-people.ts';

const place = fc.nat({ max: 5 });
const who = fc.nat({ max: 2 });
const maybe = fc.option(place, { nil: null, freq: 3 });
/** Mostly null: a suggestion that does not exist refuses the whole command. */
const seldom = fc.option(place, { nil: null, freq: 12 });
const yesOrNo = fc.boolean();
const maybeYes = fc.option(yesOrNo, { nil: null });
const scope = fc.constantFrom('member' as const, 'routed' as const, 'pending' as const, 'involved' as const);
const author = fc.constantFrom('user 0' as const, 'user 1' as const, 'visitor' as const, 'channel' as const);
const incoming = fc.record({
  sender: fc.nat({ max: 2 }),
  id: fc.nat({ max: 8 }),
  body: fc.nat({ max: 1 }),
  suggestion: seldom,
  age: fc.option(fc.nat({ max: 100_000 }), { nil: null, freq: 6 }),
});

/** Steps name chats, messages and other things by their index among those that exist, so that most steps succeed. */
const STEPS = {
  receive: fc.record({
    messages: fc.array(incoming, { minLength: 1, maxLength: 5 }),
    close: yesOrNo,
    skip: yesOrNo,
    encrypted: yesOrNo,
    name: fc.option(fc.constantFrom('Jane', 'Joe'), { nil: null }),
  }),
  sync: fc.record({
    messages: fc.array(incoming, { maxLength: 2 }),
    user: who,
    seen: yesOrNo,
    encrypted: yesOrNo,
    name: fc.option(fc.constantFrom('Jane', 'Joe'), { nil: null }),
  }),
  close: fc.record({}),
  open: fc.record({ user: who, present: yesOrNo, kept_out: yesOrNo, encrypted: yesOrNo }),
  post: fc.record({ chat: place, user: who, suggestion: seldom, attaches: yesOrNo, interaction: yesOrNo }),
  say: fc.record({ chat: place }),
  choose: fc.record({ chat: place, message: place, action: yesOrNo, link: yesOrNo, text: yesOrNo }),
  join: fc.record({
    chat: place,
    user: who,
    scope,
    participating: yesOrNo,
    present: yesOrNo,
    kept_out: yesOrNo,
    replaces: fc.option(who, { freq: 3 }),
  }),
  membership: fc.record({ chat: place, user: who, participating: maybeYes, present: yesOrNo, seen: maybe }),
  presence: fc.record({ chat: place, user: who, present: yesOrNo }),
  update: fc.record({ chat: place, user: who, scope, ended: yesOrNo }),
  visit: fc.record({ present: yesOrNo, encrypted: yesOrNo, name: fc.constantFrom('Jane', 'Joan', null) }),
  attend: fc.record({ chat: place, participating: maybeYes, seen: maybe }),
  rename: fc.record({ chat: place, name: fc.constantFrom('Jane', 'Joan', ' ', null) }),
  overdue: fc.record({}),
  tag: fc.record({ chat: place, user: who, scope, name: fc.constantFrom('Lead', 'lead', 'Åland') }),
  untag: fc.record({ chat: place, user: who, scope, name: fc.constantFrom('Lead', 'lead', 'Åland') }),
  invite: fc.record({ chat: place, user: who, invitee: fc.nat({ max: 3 }) }),
  expire: fc.record({ chat: place, user: who, invitation: place }),
  accept: fc.record({ chat: place, user: who, invitation: place, present: yesOrNo }),
  decline: fc.record({ chat: place, user: who, invitation: place }),
  suggest: fc.record({ chat: place, user: who, message: place, scope }),
  improve: fc.record({ user: who, suggestion: place, scope, text: place, message: seldom }),
  edit: fc.record({ chat: place, message: place, by: author, text: place }),
  delete: fc.record({ chat: place, message: place, by: author }),
  status: fc.record({ chat: place, message: maybe, state: fc.constantFrom(...REPORTED_STATES), reason: yesOrNo }),
  end: fc.record({ chat: place, message: place, given_up: yesOrNo }),
  purge: fc.record({ chat: place, visitor: yesOrNo, age: fc.option(fc.nat({ max: 2_000_000 }), { nil: null }) }),
  forget: fc.record({ chat: place }),
  again: fc.record({ command: fc.nat({ max: 20 }) }),
};

type Kinds = {
  [K in keyof typeof STEPS]: (typeof STEPS)[K] extends fc.Arbitrary<infer Of> ? { kind: K; of: Of } : never;
};
export type Step = Kinds[keyof Kinds];

/** Weights: steps that create chats and messages are more frequent than steps that change them. */
const WEIGHTS: Partial<Record<keyof typeof STEPS, number>> = { receive: 6, open: 4, post: 4, join: 5, again: 4 };

export const step = fc.oneof(
  ...Object.entries(STEPS).map(([kind, arbitrary]) => ({
    weight: WEIGHTS[kind as keyof typeof STEPS] ?? 2,
    arbitrary: (arbitrary as fc.Arbitrary<unknown>).map((of) => ({ kind, of }) as Step),
  })),
);

/** The step that opens a thread of a kind: a visitor's first message, or a user's chat. */
export function openingStep(identity: ThreadIdentity): Step {
  const message = { sender: 0, id: 99, body: 0, suggestion: null, age: null };
  return identity.kind === 'channel'
    ? { kind: 'receive', of: { messages: [message], close: false, skip: false, encrypted: true, name: 'Jane' } }
    : { kind: 'open', of: { user: 0, present: true, kept_out: false, encrypted: true } };
}

/** The command of a step in the thread as it is. Null where this kind of thread cannot get such a command. */
export function commandOf(
  { kind, of }: Step,
  model: ThreadModel,
  identity: ThreadIdentity,
  sent: Command[],
  startsAt: number,
): Command | null {
  const things = new Things(model, startsAt);
  const head = { v: 1 as const, command_id: crypto.randomUUID() };
  const inChat = (at: number) => ({ ...head, chat_id: things.chat(at) });
  const asMember = (at: number) => ({ ...inChat(at), rooms: ALL_ROOMS });
  switch (kind) {
    case 'receive':
      return identity.kind === 'channel' ? receive(of, things, startsAt) : null;
    case 'sync': {
      if (identity.kind !== 'channel') return null;
      const messages = of.messages.map((message) => ({ ...message, age: null, suggestion: null }));
      const command = receive({ ...of, messages, close: false, skip: false }, things, startsAt);
      const host = { user: userAt(of.user), is_present: false, has_seen: of.seen, variables: { username: '234' } };
      return { ...command, host };
    }
    case 'close':
      if (identity.kind !== 'channel') return null;
      return { ...head, type: 'close_thread', identity, organization_id: ORGANIZATION };
    case 'open':
      return open(of, model, identity);
    case 'post': {
      const template: AttachmentTemplate = of.interaction ? 'interaction' : 'generic';
      return {
        ...asMember(of.chat),
        type: 'post_message',
        actor: userAt(of.user),
        message: 'reply',
        selected_reply_suggestion_id: of.suggestion === null ? null : things.suggestion(of.suggestion),
        attachments: of.attaches ? [ATTACHMENT] : [],
        attachment_template: of.attaches ? template : null,
      };
    }
    case 'say':
      return {
        ...visitorMessage({ ...inChat(of.chat) }, model, { type: 'msg', message: 'hello?' }),
        page: { url: 'https://shop.example/', title: 'Shop' },
      };
    case 'choose': {
      const { attachment, message } = things.offer(of.chat, of.message);
      return visitorMessage({ ...inChat(of.chat) }, model, {
        type: 'action',
        message_id: message,
        attachment_id: attachment?.id ?? things.unknown,
        action_id: of.action ? (attachment?.actions[0]?.id ?? things.unknown) : null,
        value: of.link ? ATTACHMENT.title_link_url : null,
        text: of.text ? 'answered' : null,
      });
    }
    case 'join':
      return {
        ...inChat(of.chat),
        type: 'join_chat',
        grant: grantOf(of.scope, of.user),
        actor: userAt(of.user),
        is_present: of.present,
        must_be_present: of.scope === 'pending',
        is_kept_out: of.kept_out,
        is_participating: of.participating,
        composing_status: 'typing',
        ...(of.replaces === null || of.replaces === of.user || !of.participating
          ? {}
          : { replaced: userAt(of.replaces) }),
      };
    case 'membership':
      return {
        ...asMember(of.chat),
        type: 'update_membership',
        actor: userAt(of.user),
        is_present: of.present,
        is_participating: of.participating,
        composing_status: 'typing',
        last_seen_at: of.seen === null ? null : startsAt + of.seen,
      };
    case 'presence':
      return { ...inChat(of.chat), type: 'change_presence', user_id: userAt(of.user).id, is_present: of.present };
    case 'update':
      return {
        ...inChat(of.chat),
        type: 'update_chat',
        grant: grantOf(of.scope, of.user),
        is_ended: of.ended,
        is_waiting: of.ended ? null : false,
      };
    case 'visit': {
      const opened = identity.kind === 'chat' ? null : open({ ...of, user: 0, kept_out: false }, model, identity);
      if (opened?.type !== 'open_visitor_chat') return null;
      const page = { url: 'https://shop.example/', title: 'Shop' };
      const offered = of.present ? { autosuggestion: { sender: userAt(0), message: 'Can I help?', page } } : {};
      return { ...opened, ...offered, actor: null, visitor_name: of.name };
    }
    case 'attend':
      return {
        ...inChat(of.chat),
        type: 'update_visitor_membership',
        visitor_id: model.state.thread?.visitor_id ?? VISITOR,
        is_participating: of.participating,
        composing_status: 'typing',
        last_seen_at: of.seen === null ? null : startsAt + of.seen,
      };
    case 'rename': {
      const visitor_id = model.state.thread?.visitor_id ?? VISITOR;
      return { ...inChat(of.chat), type: 'rename_visitor', visitor_id, name: of.name };
    }
    case 'overdue':
      return { ...head, type: 'end_overdue_chats' };
    case 'tag':
      return {
        ...inChat(of.chat),
        type: 'add_tag',
        grant: grantOf(of.scope, of.user),
        actor: userAt(of.user),
        name: of.name,
      };
    case 'untag':
      return { ...inChat(of.chat), type: 'remove_tag', grant: grantOf(of.scope, of.user), name: of.name };
    case 'invite': {
      const { id, last_name } = userAt(of.invitee);
      const invitee: Invitee = of.invitee === 3 ? TEAM : { kind: 'user', id, name: last_name };
      return { ...asMember(of.chat), type: 'invite', actor: userAt(of.user), invitee };
    }
    case 'expire': {
      const invitation_id = things.invitation(of.chat, of.invitation);
      return { ...asMember(of.chat), type: 'expire_invitation', actor: userAt(of.user), invitation_id };
    }
    case 'decline': {
      const actor = userAt(of.user);
      const invitation_id = things.invitation(of.chat, of.invitation);
      return { ...inChat(of.chat), type: 'decline_invitation', actor, invitation_id, stands_for: [actor.id, TEAM.id] };
    }
    case 'accept':
      return {
        ...inChat(of.chat),
        type: 'accept_invitation',
        actor: userAt(of.user),
        is_present: of.present,
        invitation_id: things.invitation(of.chat, of.invitation),
        stands_for: [userAt(of.user).id, TEAM.id],
      };
    case 'suggest':
      return {
        ...inChat(of.chat),
        type: 'add_reply_suggestion',
        message_id: things.message(of.chat, of.message),
        grant: grantOf(of.scope, of.user),
        actor: userAt(of.user),
        suggestion: 'suggested',
        relevancy_score: 0.5,
      };
    case 'improve': {
      const suggestion = things.suggestionOf(of.suggestion);
      const chat_id = suggestion?.chat_id ?? things.chat(0);
      return {
        ...head,
        type: 'update_reply_suggestion',
        chat_id,
        message_id:
          of.message === null ? (suggestion?.facts.message_id ?? things.unknown) : things.message(0, of.message),
        suggestion_id: suggestion?.facts.id ?? things.unknown,
        grant: grantOf(of.scope, of.user),
        actor: userAt(of.user),
        suggestion: `suggested ${of.text}`,
      };
    }
    case 'edit': {
      const message_id = things.message(of.chat, of.message);
      const message = `edited ${of.text}`;
      return { ...head, ...authorOf(of.by, things.chat(of.chat), model), type: 'edit_message', message_id, message };
    }
    case 'delete': {
      const message_id = things.message(of.chat, of.message);
      return { ...head, ...authorOf(of.by, things.chat(of.chat), model), type: 'delete_message', message_id };
    }
    case 'status': {
      const chat_id = things.chat(of.chat);
      const report = { status: of.state, at: null, reason: of.reason ? 'no such mailbox' : null };
      const message_id = of.message === null ? null : things.message(of.chat, of.message);
      return {
        ...head,
        type: 'report_message_status',
        channel_id: IDENTITY.channel_id,
        chat_id,
        message_id,
        ...report,
      };
    }
    case 'end': {
      const message_id = things.message(of.chat, of.message);
      const given_up = of.given_up ? { reason: 'status 500' } : null;
      return { ...head, type: 'note_webhooks', chat_id: things.chat(of.chat), message_id, given_up };
    }
    case 'purge': {
      // An object purges a visitor's present chat first. The others follow it.
      const chat_id = of.visitor ? (model.state.thread?.current_chat_id ?? things.unknown) : things.chat(of.chat);
      const before = of.age === null ? null : startsAt + of.age;
      const covers = of.visitor ? 'visitor' : 'messages';
      return { ...head, type: 'purge', chat_id, organization_id: ORGANIZATION, covers, before };
    }
    case 'forget': {
      const chat_id = things.chat(of.chat);
      const facts = model.state.chats.get(chat_id)?.facts;
      if (facts?.encryption === undefined || facts.ended_at === null) return null;
      return { ...head, type: 'purge', chat_id, organization_id: ORGANIZATION, covers: 'key', before: null };
    }
    case 'again':
      return sent[of.command % Math.max(1, sent.length)] ?? null;
  }
}

function userAt(at: number): UserFacts {
  return USERS[at] ?? user(9, ORGANIZATION, false);
}

function authorOf(by: string, chat_id: string, model: ThreadModel): MessageAuthor {
  if (by === 'visitor') return { by, chat_id, visitor_id: model.state.thread?.visitor_id ?? VISITOR };
  if (by === 'channel') return { by, chat_id, channel_id: IDENTITY.channel_id };
  return { by: 'user', chat_id, actor: userAt(by === 'user 0' ? 0 : 1), rooms: ALL_ROOMS };
}

function grantOf(by: 'member' | 'routed' | 'pending' | 'involved', at: number): ChatGrant {
  const { id, organization_id } = userAt(at);
  if (by === 'member') return { kind: 'member', user_id: id, rooms: ALL_ROOMS };
  if (by === 'involved') return { kind: 'involved', organization_id, reach: ALL_ROOMS.reach };
  return { kind: 'reach', reach: { organization_id, room_ids: [] }, is_pending: by === 'pending' };
}

/** The visitor's thread is named by its newest chat as soon as there is one, as in D1. */
function open(of: Kinds['open']['of'], model: ThreadModel, identity: ThreadIdentity): Command | null {
  const { thread } = model.state;
  const head = { v: 1 as const, command_id: crypto.randomUUID(), database: 'DB', organization_id: ORGANIZATION };
  const encryption = of.encrypted ? ENCRYPTION : null;
  const by = { ...head, actor: userAt(of.user), is_present: of.present, encryption };
  if (identity.kind === 'chat') return { ...by, type: 'start_user_chat', identity };
  if (identity.kind === 'channel' && thread === null) return null;
  return {
    ...by,
    type: 'open_visitor_chat',
    chat_id: thread?.current_chat_id ?? null,
    identity: thread === null && identity.kind === 'visitor' ? identity : null,
    visitor_id: thread?.visitor_id ?? VISITOR,
    visitor_name: 'Jane',
    room: ROOM,
    is_private: true,
    chat_type: 'visitor',
    lifetime: LIFETIME,
    is_kept_out: of.kept_out,
  };
}

function visitorMessage(
  head: Pick<PostVisitorMessage, 'v' | 'command_id' | 'chat_id'>,
  model: ThreadModel,
  content: PostVisitorMessage['content'],
): PostVisitorMessage {
  const visitor_id = model.state.thread?.visitor_id ?? VISITOR;
  return { ...head, type: 'post_visitor_message', visitor_id, content };
}

function receive(of: Kinds['receive']['of'], things: Things, startsAt: number): ReceiveMessages {
  const messages = of.messages.map(({ sender, id, body, suggestion, age }): IncomingMessage => {
    const isUser = sender > 0;
    const from = isUser ? userAt(sender - 1) : null;
    const content = {
      body: `body ${body}`,
      sender_type: isUser ? ('user' as const) : ('visitor' as const),
      sender_id: from?.id ?? 'customer@example.com',
      message_id: `message ${id}`,
    };
    return {
      ...content,
      key: messageKey(content),
      created_at: age === null || !of.close ? null : startsAt - age,
      selected_reply_suggestion_id: suggestion === null || !isUser ? null : things.suggestion(suggestion),
      user: from,
    };
  });
  const variables: Record<string, string> = of.name === null ? {} : { username: of.name };
  return receiveCommand({
    identity: IDENTITY,
    messages,
    close_session: of.close,
    skip_waiting_state: of.skip,
    encryption: of.encrypted ? ENCRYPTION : null,
    variables,
  });
}
