import type { InboxRow, Membership, Message, Thread } from '../../src/console-app/replica/known.ts';
import { type ChatFacts, chatResource, ENDLESS, newChatFacts } from '../../src/resources/chat.ts';
import type { LiveNotification } from '../../src/resources/live-frames.ts';
import { type MemberFacts, membershipResource } from '../../src/resources/membership.ts';
import { type MessageFacts, messageResource } from '../../src/resources/message.ts';
import { uuidVersion7 } from '../../src/resources/uuid.ts';

/** The parts of one chat in the copy of the console, as REST and the hub's notifications show them. */

const AT = Date.parse('2026-11-21T12:00:00.000Z');

const idAt = (seq: number) => uuidVersion7(AT + seq * 1000, { high12: 1, low62: BigInt(seq) });

export const USER = idAt(1);
export const VISITOR = '0'.repeat(31).concat('1');
export const CHAT = idAt(2);

const FACTS: ChatFacts = newChatFacts({
  id: CHAT,
  chat_type: 'external',
  created_at: AT,
  room: null,
  organization_id: idAt(3),
  visitor_id: VISITOR,
  is_private: false,
  lifetime: ENDLESS,
});

/** A message with the place `seq` in its thread. */
export function message(seq: number, change: Partial<MessageFacts> = {}): Message {
  const facts: MessageFacts = {
    id: idAt(seq),
    type: 'msg',
    created_at: AT + seq * 1000,
    sender_type: 'visitor',
    sender_id: VISITOR,
    sender_name: 'Jane',
    sender_public_name: 'Jane',
    sender_avatar: null,
    message: `message ${seq}`,
    external_sender_id: null,
    external_message_id: null,
    selected_reply_suggestion: null,
    attachments: [],
    attachment_template: null,
    response_to: null,
    ...change,
  };
  return messageResource(facts, { id: CHAT, room_id: null });
}

export function membership(member_id: string, change: Partial<MemberFacts> = {}): Membership {
  const facts: MemberFacts = {
    member_id,
    member_type: 'user',
    name: 'Agent Smith',
    public_name: 'Smith',
    avatar: null,
    organization_id: FACTS.organization_id,
    is_bot: false,
    created_at: AT,
    updated_at: AT,
    last_seen_at: null,
    is_participating: true,
    is_present: true,
    ...change,
  };
  return membershipResource({ ...facts, composing_status: 'idle' }, FACTS);
}

export const chat = chatResource(FACTS);

/** A row as REST shows it before anybody has written or joined. */
export const ROW: InboxRow = {
  chat,
  visitor: { id: VISITOR, name: 'Jane', is_present: false },
  channel: null,
  last_message: null,
  participants: [],
  own: { is_participating: false, last_seen_at: null, unread_count: null, message_count: null },
  tags: [],
  draft: null,
  mention: null,
};

export const THREAD: Thread = {
  messages: [],
  older: null,
  memberships: new Map(),
  suggestions: new Map(),
  outgoing: new Map(),
};

/** A notification of a collection below the user's routed chats. `part`: `''` for the chats, or `messages`, `tags` … */
export function told(
  part: string,
  action: LiveNotification['action'],
  resource_id: string,
  resource: object = { id: resource_id },
  chats = 'routed_chats',
): LiveNotification {
  const path = `/api/v5/users/${USER}/${chats}`;
  return { channel: part === '' ? path : `${path}/${CHAT}/${part}`, action, resource_id, resource };
}
