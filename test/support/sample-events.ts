import type { ChannelTarget, EventBody, ThreadEvent } from '../../src/domain/events.ts';
import { userAsSender, userMember, visitorMember } from '../../src/domain/members.ts';
import { type ChatType, ENDLESS } from '../../src/resources/chat.ts';
import type { MessageFacts, SelectedReplySuggestion } from '../../src/resources/message.ts';
import type { UserFacts } from '../../src/resources/user.ts';
import { ORGANIZATION, ROOM } from './thread-model.ts';

/** Sample bodies of events. Times in ms. */
export const VISITOR = 'a'.repeat(32);
export const AGENT: UserFacts = {
  id: '018f0000-0000-7000-8000-0000000000a1',
  first_name: 'Ada',
  last_name: 'Agent',
  organization_id: ORGANIZATION,
  alias: 'Support',
  avatar: null,
  is_bot: false,
  is_staff: false,
};
export const BOT: UserFacts = { ...AGENT, id: '018f0000-0000-7000-8000-0000000000b1', is_bot: true };

export const ROUTING: ChannelTarget = {
  receiver: 'channel/018f0000-0000-7000-8000-000000000001',
  channel_id: '018f0000-0000-7000-8000-000000000001',
  thread_id: 't',
  messaging_channel: 'email',
  echo_user_messages: true,
};

/** The receipt of the channel in an event. */
export function routingOf(event: ThreadEvent | undefined): ChannelTarget | null {
  const accepted = event?.accepted[0];
  return accepted !== undefined && 'routing' in accepted ? accepted.routing : null;
}

const NO_ATTACHMENTS = { attachments: [], attachment_template: null, response_to: null };

type MessageAdded = Extract<EventBody, { type: 'message_added' }>;

export function chatStarted(chatType: ChatType = 'external'): EventBody {
  return {
    type: 'chat_started',
    chat_type: chatType,
    room: ROOM,
    organization_id: ORGANIZATION,
    visitor_id: VISITOR,
    is_private: false,
    lifetime: ENDLESS,
  };
}

export function visitorAdded(at: number, name: string | null = null): EventBody {
  return { type: 'member_added', member: visitorMember(VISITOR, name, at) };
}

export function userAdded(user: UserFacts, at: number, isParticipating: boolean): EventBody {
  const comes = { is_participating: isParticipating, is_present: true };
  return { type: 'member_added', member: userMember(user, at, comes) };
}

export function visitorMessageEvent(at: number, more: Partial<MessageAdded> = {}): MessageAdded {
  const message: MessageFacts = {
    id: '018f0000-0000-7000-8000-0000000000c1',
    type: 'msg',
    created_at: at,
    sender_type: 'visitor',
    sender_id: VISITOR,
    sender_name: null,
    sender_public_name: null,
    sender_avatar: null,
    message: 'hello',
    external_sender_id: 'customer@example.com',
    external_message_id: 'm-1',
    selected_reply_suggestion: null,
    ...NO_ATTACHMENTS,
  };
  return { type: 'message_added', message, is_waiting: true, origin: ROUTING.receiver, is_silent: false, ...more };
}

export function userMessageEvent(
  text: string,
  selected: SelectedReplySuggestion | null = null,
  more: Partial<Omit<MessageAdded, 'type'>> & { user?: UserFacts; at?: number; type?: MessageFacts['type'] } = {},
): MessageAdded {
  const { user = AGENT, at = 1000, type = 'msg', ...event } = more;
  const message: MessageFacts = {
    ...userAsSender(user),
    id: '018f0000-0000-7000-8000-0000000000d1',
    type,
    created_at: at,
    message: type === 'msg' ? text : null,
    external_sender_id: null,
    external_message_id: null,
    selected_reply_suggestion: selected,
    ...NO_ATTACHMENTS,
  };
  return { is_waiting: false, origin: null, is_silent: false, ...event, type: 'message_added', message };
}
