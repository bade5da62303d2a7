import { chatForVisitor, membershipForVisitor, messageForVisitor } from '../../../resources/as-visitors-see.ts';
import type { Action, Attachment } from '../../../resources/attachment.ts';
import { type ChatFacts, chatResource, ENDLESS, newChatFacts } from '../../../resources/chat.ts';
import { isoTime } from '../../../resources/clock.ts';
import { conversationStarterResource } from '../../../resources/conversation-starter.ts';
import { draftResource } from '../../../resources/draft.ts';
import type { FileFacts } from '../../../resources/file.ts';
import { inboxRow } from '../../../resources/inbox.ts';
import { invitationResource } from '../../../resources/invitation.ts';
import { type MemberView, membershipResource } from '../../../resources/membership.ts';
import { mentionResource } from '../../../resources/mention.ts';
import { type MessageFacts, messageResource, publishedMessage } from '../../../resources/message.ts';
import { messageDeliveryResource } from '../../../resources/message-delivery.ts';
import { noteResource } from '../../../resources/note.ts';
import { purgeNotice } from '../../../resources/purge.ts';
import { channelReceiver } from '../../../resources/receiver.ts';
import { replySuggestionResource } from '../../../resources/reply-suggestion.ts';
import { tagResource } from '../../../resources/tag.ts';
import { fullName, publicName } from '../../../resources/user.ts';
import { viewerResource } from '../../../resources/viewer.ts';
import { agent, at, bot, FOUNDED, ids, room } from './shop.ts';

const file: FileFacts = {
  id: ids.file,
  name: 'Invoice 4711.pdf',
  content_type: 'application/pdf',
  size: 48_213,
  sha256: '9f2b5c1e7d3a4f6081c2b3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718',
};

const chat: ChatFacts = {
  ...newChatFacts({
    id: ids.chat,
    chat_type: 'external',
    created_at: at('12:22:17.668'),
    room,
    organization_id: ids.organization,
    visitor_id: ids.visitor,
    is_private: false,
    lifetime: ENDLESS,
  }),
  updated_at: at('12:22:18.030'),
  user_message_count: 1,
  visitor_message_count: 1,
  message_counts: { [ids.visitor]: 1, [ids.agent]: 1 },
  first_message_at: at('12:22:17.668'),
  last_message_at: at('12:22:18.030'),
  first_visitor_message_at: at('12:22:17.668'),
  first_answer_at: at('12:22:18.030'),
  has_human_message: true,
  tag_count: 1,
  member_count: 2,
  user_member_count: 1,
  visitor_member_count: 1,
  present_user_participant_count: 1,
};

/** The part of its chat that a resource shows. */
const place = { id: ids.chat, room_id: ids.room };

const membership: MemberView = {
  member_id: ids.agent,
  member_type: 'user',
  name: fullName(agent),
  public_name: publicName(agent),
  avatar: null,
  organization_id: ids.organization,
  is_bot: false,
  created_at: at('12:22:17.900'),
  updated_at: at('12:22:17.900'),
  last_seen_at: at('12:22:18.030'),
  is_participating: true,
  is_present: true,
  composing_status: 'idle',
};

const action: Action = {
  id: ids.action,
  text: 'Track the parcel',
  type: 'link_button',
  link_target: '_blank',
  value: 'https://parcels.example.com/track/4711',
  style: 'primary',
  is_disabled_on_selection: false,
  is_disabled_on_visitor_message: false,
};

const attachment: Attachment = {
  id: ids.attachment,
  title: 'Order 4711',
  title_link_url: 'https://books.example.com/orders/4711',
  text: 'One parcel, two books',
  image_url: null,
  image_link_url: null,
  link_target: '_blank',
  actions: [action],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};

const { id: _attachmentId, actions: _actions, ...newAttachment } = attachment;
const { id: _actionId, ...newAction } = action;

const TEXT = 'It left our house this morning.';

const answer: MessageFacts = {
  id: ids.answer,
  type: 'msg',
  created_at: at('12:22:18.030'),
  sender_type: 'user',
  sender_id: ids.agent,
  sender_name: fullName(agent),
  sender_public_name: publicName(agent),
  sender_avatar: null,
  message: TEXT,
  external_sender_id: null,
  external_message_id: null,
  selected_reply_suggestion: { id: ids.suggestion, suggestion: TEXT, relevancy_score: 0.9 },
  attachments: [attachment],
  attachment_template: 'generic',
  response_to: null,
};

const suggestion = replySuggestionResource(
  {
    id: ids.suggestion,
    message_id: ids.question,
    suggestion: TEXT,
    relevancy_score: 0.9,
    organization_id: ids.organization,
    created_by_user: bot,
    updated_by_user: bot,
    created_at: at('12:22:17.868'),
    updated_at: at('12:22:17.868'),
  },
  place,
);

const invitation = invitationResource(
  {
    id: ids.invitation,
    invitee: { kind: 'team', id: ids.team, name: 'Shipping', organization_id: ids.organization },
    invited_by_user: agent,
    accepted_by_user: null,
    created_at: at('12:22:18.354'),
    updated_at: at('12:22:18.354'),
    accepted_at: null,
    expired_at: null,
  },
  { ...place, user_member_count: chat.user_member_count, visitor_member_count: chat.visitor_member_count },
);

const starter = { language_code: 'en', message: 'Hello, this is Alice of Harbour Books. How can I help?' };

const event = { thread_id: 'ticket-1', chat_id: ids.chat };
const channel = { messaging_channel: 'email', channel_config_id: ids.channel };

const note = {
  id: '01a1fe0e-b2ae-75b8-8281-e1160d0504ae',
  chat_id: ids.chat,
  user_id: ids.agent,
  user_name: fullName(agent),
  message: 'She has called about this before, @Bob Miller.',
  mentioned: [{ id: ids.colleague, name: 'Bob Miller' }],
  created_at: at('12:22:19.000'),
};
const draft = { chat_id: ids.chat, message: 'It will be with you on', updated_at: at('12:22:20.500') };
const everywhere = { organization_id: ids.organization, room_ids: [] };
const row = inboxRow(
  {
    chat,
    visitor: { ...membership, member_id: ids.visitor, member_type: 'visitor', name: 'Jane Doe', is_present: false },
    own: { ...membership, seen_count: 1 },
    participants: [membership],
    channel: { id: ids.channel, name: 'Support mail', messaging_channel: 'email', thread_id: event.thread_id },
    last_message: {
      id: answer.id,
      created_at: answer.created_at,
      sender_type: answer.sender_type,
      sender_id: answer.sender_id,
      sender_name: answer.sender_name,
      message: answer.message,
      attachment_count: answer.attachments.length,
      deleted_at: null,
      state: null,
    },
    tags: ['delivery'],
    draft,
    mention: null,
  },
  { routed: everywhere, member: { organization_id: ids.organization, reach: everywhere, history: everywhere } },
);

/** The body of the webhook that carries the answer to the mail's sender. */
export const messageCreated = {
  event_type: 'message_created',
  ...event,
  message: publishedMessage(messageResource(answer, place)),
  ...channel,
  seq: 8,
  prev_seq: 6,
};

/** The body of the webhook that carries the suggestion. */
export const replySuggestionCreated = {
  event_type: 'reply_suggestion_created',
  ...event,
  reply_suggestion: suggestion,
  ...channel,
  seq: 6,
  prev_seq: null,
};

const purge = purgeNotice({ id: ids.purgeOfChat, covers: 'messages', before: null, at: at('12:50:00.000') }, chat);

/** The body of the webhook that tells of a purge. */
export const chatPurged = { event_type: purge.type, ...event, purge, ...channel, seq: 11, prev_seq: 8 };

/** By the names of components. What the hub answers is made by the functions that make its answers. */
export const chatExamples = {
  PurgeNotice: purge,
  UploadedFile: {
    ...file,
    url: `https://hub.example.com/files/${ids.file}?expires=1795349400&disposition=attachment&key=x3Yq9wJk&signature=bm9ib2R5IGVsc2UgY2FuIG1ha2UgdGhpcyBvbmU`,
    expires_at: isoTime(at('13:30:00.000')),
  },
  Chat: chatResource(chat),
  StartChat: {},
  OpenVisitorChat: { chat_type: 'visitor' },
  UpdateChat: { is_ended: true },
  ChatMembership: membershipResource(membership, chat),
  JoinChat: { is_participating: true, composing_status: 'idle' },
  JoinChatAsMember: { member_id: ids.agent, is_participating: true, composing_status: 'idle' },
  UpdateChatMembership: { is_participating: true, composing_status: 'typing' },
  PatchChatMembership: { composing_status: 'typing' },
  ChatMessage: messageResource(answer, place),
  ChatMessageAttachment: attachment,
  ChatMessageAction: action,
  MessageDelivery: messageDeliveryResource({
    id: '01a1fe0e-b0ae-75b8-8281-e1160d0504ad',
    receiver: channelReceiver(ids.channel),
    status: 'exhausted',
    skip_reason: null,
    is_replay: false,
    attempt_count: 4,
    due_at: at('12:22:26.100'),
    last_attempt_at: at('12:22:26.100'),
    last_status: 503,
    last_error: null,
  }),
  MessageRedelivered: { replayed: 1 },
  EditMessage: { message: 'It left our house this morning, in one parcel.' },
  PostMessage: {
    message: TEXT,
    selected_reply_suggestion_id: ids.suggestion,
    attachments: [{ ...newAttachment, actions: [newAction] }],
  },
  NewChatMessageAttachment: { ...newAttachment, actions: [newAction] },
  NewChatMessageAction: newAction,
  Tag: tagResource({ name: 'delivery', created_at: at('12:22:18.200') }, ids.room),
  AddChatTag: { name: 'delivery' },
  ReplySuggestion: suggestion,
  WriteReplySuggestion: { suggestion: TEXT, relevancy_score: 0.9 },
  PatchReplySuggestion: { relevancy_score: 0.7 },
  ChatInvitation: invitation,
  InviteToChat: { invited_team_id: ids.team },
  ExpireChatInvitation: { is_expired: true },
  AcceptChatInvitation: { is_accepted: true },
  Draft: draftResource(draft),
  PutDraft: { message: draft.message },
  NewNote: { message: note.message, mentioned_user_ids: [ids.colleague] },
  Note: noteResource(note),
  ChatViewers: { viewers: [viewerResource({ user_id: ids.agent, name: fullName(agent), until: at('12:22:50.000') })] },
  InboxRow: row,
  InboxCounts: { waiting: 7, mine: 4, mentioned: 1, open: 31, bot: 9 },
  Mention: mentionResource({ chat_id: ids.chat, note_id: note.id, created_at: note.created_at }),
  MentionableUser: { id: ids.colleague, name: 'Bob Miller', is_present: true },
  ConversationStarter: conversationStarterResource({ ...starter, created_at: FOUNDED, updated_at: FOUNDED }),
  NewConversationStarter: starter,
  PatchConversationStarter: { message: 'Hello, this is Harbour Books. How can we help?' },
  PublicChat: chatForVisitor(chat),
  PublicChatMembership: membershipForVisitor(membership, chat),
  PublicChatMessage: messageForVisitor(answer, place),
};
