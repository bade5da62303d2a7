import { threadName } from '../../src/domain/address.ts';
import type {
  JoinChat,
  OpenVisitorChat,
  PostMessage,
  PostVisitorMessage,
  ReceiveMessages,
  UpdateChat,
} from '../../src/domain/commands.ts';
import { messageKey } from '../../src/domain/fingerprints.ts';
import type { NewAttachment } from '../../src/resources/attachment.ts';
import type { ChatGrant, MemberRooms } from '../../src/resources/chat-grant.ts';
import type { MessageFacts } from '../../src/resources/message.ts';
import type { UserFacts } from '../../src/resources/user.ts';
import { AGENT, VISITOR } from './sample-events.ts';
import { ORGANIZATION, ROOM, receiveCommand, ThreadModel } from './thread-model.ts';
import { VISITOR_IDENTITY } from './thread-people.ts';

/** Sample commands. Each call makes a new one. */
export const START = 1_800_000_000_000;
export const COLLEAGUE: UserFacts = {
  ...AGENT,
  id: '018f0000-0000-7000-8000-0000000000a2',
  first_name: 'Carl',
  alias: null,
};
export const FOREIGNER: UserFacts = {
  ...AGENT,
  id: '018f0000-0000-7000-8000-0000000000f1',
  organization_id: '018f0000-0000-7000-8000-00000000000f',
};

export const ROUTED: ChatGrant = {
  kind: 'reach',
  reach: { organization_id: ORGANIZATION, room_ids: [] },
  is_pending: false,
};
/** All rooms of the organization, with their earlier texts. */
export const ALL_ROOMS: MemberRooms = {
  organization_id: ORGANIZATION,
  reach: { organization_id: ORGANIZATION, room_ids: [] },
  history: { organization_id: ORGANIZATION, room_ids: [] },
};

export const PENDING: ChatGrant = { ...ROUTED, is_pending: true };

export function head() {
  return { v: 1 as const, command_id: crypto.randomUUID() };
}

/** A channel's thread with an open chat in which the visitor waits and nobody else takes part. */
export function waitingChat(): { model: ThreadModel; chatId: string } {
  const model = new ThreadModel(START);
  return { model, chatId: model.answer(incoming('hello')).chat_id };
}

/** A room visitor's own thread with an open chat in which the agent is present. */
export function visitorsChat(more: Partial<OpenVisitorChat> = {}): { model: ThreadModel; chatId: string } {
  const model = new ThreadModel(START, threadName(VISITOR_IDENTITY));
  return { model, chatId: model.answer(open(more)).chat.id };
}

export function incoming(body: string, more: Partial<ReceiveMessages> = {}): ReceiveMessages {
  const content = { message_id: body, sender_type: 'visitor' as const, sender_id: 'customer@example.com', body };
  const rest = { created_at: null, selected_reply_suggestion_id: null, user: null };
  return receiveCommand({ messages: [{ ...content, ...rest, key: messageKey(content) }], ...more });
}

export function open(more: Partial<OpenVisitorChat> = {}): OpenVisitorChat {
  return {
    ...head(),
    type: 'open_visitor_chat',
    chat_id: null,
    identity: VISITOR_IDENTITY,
    visitor_id: VISITOR,
    visitor_name: 'Jane',
    database: 'DB',
    organization_id: ORGANIZATION,
    room: ROOM,
    is_private: false,
    chat_type: 'visitor',
    lifetime: { idle: 3_600_000, total: null },
    actor: AGENT,
    is_present: true,
    is_kept_out: false,
    ...more,
  };
}

export function join(chatId: string, more: Partial<JoinChat> = {}): JoinChat {
  return {
    ...head(),
    type: 'join_chat',
    chat_id: chatId,
    grant: ROUTED,
    actor: AGENT,
    is_present: true,
    must_be_present: false,
    is_kept_out: false,
    is_participating: true,
    composing_status: 'idle',
    ...more,
  };
}

export function post(chatId: string, more: Partial<PostMessage> = {}): PostMessage {
  return {
    ...head(),
    type: 'post_message',
    chat_id: chatId,
    actor: AGENT,
    rooms: ALL_ROOMS,
    message: 'hi',
    selected_reply_suggestion_id: null,
    attachments: [],
    attachment_template: null,
    ...more,
  };
}

/** A visitor's text, or their response to an attachment. */
export function say(
  model: ThreadModel,
  chatId: string,
  content: PostVisitorMessage['content'] = { type: 'msg', message: 'hello?' },
): PostVisitorMessage {
  const visitor_id = model.state.thread?.visitor_id ?? VISITOR;
  return { ...head(), type: 'post_visitor_message', chat_id: chatId, visitor_id, content };
}

type Response = Extract<PostVisitorMessage['content'], { type: 'action' }>;

/** The first action of a message's first attachment, as a response. */
export function choice(message: MessageFacts, more: Partial<Response> = {}): Response {
  const attachment = message.attachments[0];
  if (attachment === undefined) throw new Error('the message offers nothing');
  const action_id = attachment.actions[0]?.id ?? null;
  const rest = { action_id, value: null, text: null };
  return { type: 'action', message_id: message.id, attachment_id: attachment.id, ...rest, ...more };
}

export function end(chatId: string, more: Partial<UpdateChat> = {}): UpdateChat {
  const rest = { grant: ROUTED, is_ended: true, is_waiting: null };
  return { ...head(), type: 'update_chat', chat_id: chatId, ...rest, ...more };
}

export const ACTION = {
  text: 'Yes',
  type: 'button' as const,
  value: 'yes',
  style: 'secondary' as const,
  is_disabled_on_selection: false,
  is_disabled_on_visitor_message: false,
};

export const ATTACHMENT: NewAttachment = {
  title: 'Helpful?',
  title_link_url: 'https://example.com/title',
  text: 'See [this](https://example.com/text).',
  image_url: null,
  image_link_url: null,
  actions: [ACTION],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};
