/** The examples of the text “Chats API”: chats, memberships and messages. */
import { chatPartsExamples } from './chat-parts-examples.ts';
import { chatPathsExamples } from './chat-paths-examples.ts';
import { encryptedChatExamples } from './encrypted-chat-examples.ts';
import { atLeast, type Expected, type ExpectedFields, listWith, named, some, uuid } from './expectation.ts';
import type { Example, Sent, Text } from './replay.ts';

const ORGANIZATION = '/api/v5/orgs/{ORGANIZATION}';
const OWNED = `${ORGANIZATION}/owned_chats`;
const AGENT = '/api/v5/users/{AGENT}';
const VISITORS = '/api/v5/public/orgs/{ORGANIZATION}/rooms/{ROOM}/visitors';
const VISITOR_MESSAGES = '/api/v5/public/visitors/{VISITOR}/chats/{CHAT}/messages';
const SITE = 'http://www.customerpage.com/';
const SUGGESTED = 'How may I help you?';

type Call = Extract<Example, { call: string }>;

function prepare(
  what: string,
  call: Call['call'],
  as: string | null,
  status: number,
  body?: Sent,
  answer?: Expected,
): Example {
  const parts = { ...(body === undefined ? {} : { body }), ...(answer === undefined ? {} : { answer }) };
  return { what, isPreparation: true, call, as, status, ...parts };
}

const page = (results: Expected) => atLeast({ next: null, previous: null, results });

/** The chat of the examples, once its visitor has written. */
const chat = atLeast({
  id: uuid('CHAT'),
  token: some('text'),
  created_at: some('time'),
  ended_at: null,
  waiting_started_at: some('time'),
  updated_at: some('time'),
  room_id: '{ROOM}',
  room_name: 'Support',
  room_organization_id: '{ORGANIZATION}',
  chat_type: 'visitor',
  is_private: false,
  is_real_conversation: false,
  is_autosuggested: true,
  is_encrypted: false,
  message_count: 1,
  user_message_count: 0,
  visitor_message_count: 1,
  has_messages: true,
  has_user_messages: false,
  has_visitor_messages: true,
  first_visitor_message_url: `${SITE}settings`,
  first_visitor_message_url_title: 'Profile Settings',
  autosuggest_url: SITE,
  autosuggest_url_title: 'Site Frontpage',
  tag_count: 0,
  is_waiting: true,
  member_count: some('integer'),
  duration: null,
  active_duration: null,
  user_member_count: some('integer'),
  visitor_member_count: 1,
  present_participant_count: 1,
  present_user_participant_count: 0,
  present_visitor_participant_count: 1,
  legacy_conversation_state: 'waiting',
  legacy_room_id: some('text'),
});

function message(fields: ExpectedFields): Expected {
  return atLeast({
    id: some('uuid'),
    type: 'msg',
    chat_id: '{CHAT}',
    room_id: '{ROOM}',
    created_at: some('time'),
    is_encrypted: false,
    sensitive_data_purged_at: null,
    selected_reply_suggestion_id: null,
    selected_reply_suggestion: null,
    attachments: [],
    attachment_template: null,
    response_to_message_id: null,
    response_to_attachment_id: null,
    response_to_attachment: null,
    response_to_action_id: null,
    response_to_action: null,
    response_value: null,
    response_text: null,
    ...fields,
  });
}

const ofVisitor = { sender_type: 'visitor', sender_id: '{VISITOR}', sender_public_name: null, sender_name: null };
const ofAgent = {
  sender_type: 'user',
  sender_id: '{AGENT}',
  sender_public_name: 'Agent Smith',
  sender_name: 'Agent Smith',
};

const membership = {
  member_avatar: null,
  chat_id: '{CHAT}',
  room_id: '{ROOM}',
  room_organization_id: '{ORGANIZATION}',
  created_at: some('time'),
  updated_at: some('time'),
  chat_created_at: some('time'),
  is_bot: false,
  is_user_deleted: false,
  is_participating: true,
  is_present: true,
};
const membershipOfAgent = atLeast({
  ...membership,
  member_id: '{AGENT}',
  member_type: 'user',
  member_name: 'Agent Smith',
  member_public_name: 'Agent Smith',
  member_organization_id: '{ORGANIZATION}',
  last_seen_at: '2026-02-13T11:31:36.042Z',
  composing_status: 'typing',
  message_count: 0,
});
const membershipOfVisitor = atLeast({
  ...membership,
  member_id: '{VISITOR}',
  member_type: 'visitor',
  member_name: null,
  member_public_name: null,
  member_organization_id: null,
  composing_status: 'idle',
  message_count: 2,
});

/** A visitor writes in a chat that a suggestion has started. */
const beginning: Example[] = [
  prepare('a text of the agent', `POST ${AGENT}/chat_conversation_starters`, 'AGENT_TOKEN', 201, {
    language_code: 'en',
    message: SUGGESTED,
  }),
  prepare(
    'a rule that suggests it',
    `POST ${ORGANIZATION}/rooms/{ROOM}/autosuggestions`,
    'SETTINGS_TOKEN',
    201,
    { url_pattern: `${SITE}*`, user_id: '{AGENT}' },
    atLeast({ id: uuid('RULE') }),
  ),
  prepare(
    'a visitor',
    'POST /api/v5/public/orgs/{ORGANIZATION}/auth',
    null,
    200,
    {},
    atLeast({ visitor_id: named('visitor_id', 'VISITOR'), access_token: named('text', 'VISITOR_TOKEN') }),
  ),
  prepare('the visitor comes to the room', `POST ${VISITORS}`, 'VISITOR_TOKEN', 201, {
    id: '{VISITOR}',
    latest_page_url: `${SITE}settings`,
    latest_page_title: 'Profile Settings',
  }),
  prepare(
    'their chat begins with the suggestion',
    `POST ${VISITORS}/{VISITOR}/chats`,
    'VISITOR_TOKEN',
    201,
    { autosuggestion: { id: '{RULE}', url: SITE, url_title: 'Site Frontpage', language: 'en' } },
    atLeast({ id: uuid('CHAT'), is_autosuggested: true }),
  ),
  prepare('they write', `POST ${VISITOR_MESSAGES}`, 'VISITOR_TOKEN', 201, { message: 'Yes, actually you could.' }),
  prepare('the agent is present', `POST ${AGENT}/clients`, 'AGENT_TOKEN', 201, { presence_expires_in: 3600 }),
];

const chats: Example[] = [
  {
    what: 'list chats at a room',
    call: `GET ${ORGANIZATION}/rooms/{ROOM}/chats`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(listWith(chat)),
  },
  {
    what: "list organization's owned chats",
    call: `GET ${OWNED}`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(listWith(chat)),
  },
  {
    what: "change organization's owned chat to not waiting status",
    call: `PATCH ${OWNED}/{CHAT}`,
    as: 'SETTINGS_TOKEN',
    body: { is_waiting: false },
    status: 200,
    answer: atLeast({ id: '{CHAT}', is_waiting: false, is_ended: false }),
  },
  prepare('the visitor writes again', `POST ${VISITOR_MESSAGES}`, 'VISITOR_TOKEN', 201, { message: 'Hello?' }),
];

const memberships: Example[] = [
  {
    what: 'join user to a pending chat',
    call: `POST ${AGENT}/pending_chats/{CHAT}/memberships`,
    as: 'AGENT_TOKEN',
    body: { is_participating: true, composing_status: 'idle' },
    status: 201,
    answer: atLeast({ member_id: '{AGENT}', is_participating: true, composing_status: 'idle' }),
  },
  {
    what: 'change a chat to not waiting status',
    call: `PATCH ${AGENT}/chats/{CHAT}`,
    as: 'AGENT_TOKEN',
    body: { is_waiting: false },
    status: 200,
    answer: atLeast({ id: '{CHAT}', is_waiting: false, is_ended: false }),
  },
  {
    what: 'update a chat membership of a user',
    call: `PUT ${AGENT}/chat_memberships/{CHAT}`,
    as: 'AGENT_TOKEN',
    body: { is_participating: true, composing_status: 'typing', last_seen_at: '2026-02-13T11:31:36.042' },
    status: 200,
    answer: membershipOfAgent,
  },
  {
    what: 'list chat memberships: the user',
    call: `GET ${ORGANIZATION}/rooms/{ROOM}/chats/{CHAT}/memberships`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(listWith(membershipOfAgent)),
  },
  {
    what: 'list chat memberships: the visitor',
    call: `GET ${ORGANIZATION}/rooms/{ROOM}/chats/{CHAT}/memberships`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(listWith(membershipOfVisitor)),
  },
];

const GENERIC = {
  text: 'Was this conversation helpful?',
  actions: [
    { text: 'Yes', value: 'yes', style: 'success' },
    { text: 'Maybe', value: 'maybe' },
    { text: 'No', value: 'no', style: 'danger' },
  ].map((action) => ({
    ...action,
    type: 'button',
    is_disabled_on_selection: true,
    is_disabled_on_visitor_message: false,
  })),
};

function send(what: string, body: Sent & object, answer: ExpectedFields): Example {
  const call = `POST ${AGENT}/chats/{CHAT}/messages` as const;
  return { what, call, as: 'AGENT_TOKEN', body, status: 200, answer: message({ ...ofAgent, ...answer }) };
}

const yes = {
  text: 'Yes',
  type: 'button',
  value: 'yes',
  style: 'success',
  is_disabled_on_selection: true,
};

/** Attachments that show a page of another site. */
const pages: { template: string; attachment: Record<string, string | Record<string, number | boolean>> }[] = [
  {
    template: 'interaction',
    attachment: {
      text: 'Was this conversation helpful?',
      interaction_id: 'd75feb7a-1584-495a-b77f-9dac6a8d7fbf',
      parameters: { initial_height: 250, custom_param: true },
    },
  },
  {
    template: 'external',
    attachment: {
      attachment_url: 'https://somewhere.com/my-interaction',
      parameters: { initial_height: 200, custom_param: true },
      text: 'Help',
      title: 'Help interaction',
    },
  },
];

const messages: Example[] = [
  send(
    'send a chat message',
    { message: "OK, I've found out the issue!" },
    { message: "OK, I've found out the issue!" },
  ),
  {
    what: 'list chat messages',
    call: `GET ${OWNED}/{CHAT}/messages`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page([
      message({ ...ofAgent, type: 'autosuggest', message: SUGGESTED }),
      message({ ...ofVisitor, message: 'Yes, actually you could.' }),
      message({ ...ofVisitor, message: 'Hello?' }),
      message({ ...ofAgent, type: 'join', message: null }),
      message({ ...ofAgent, message: "OK, I've found out the issue!" }),
    ]),
  },
  send(
    'send a chat message with generic attachments',
    { message: 'Do you want help?', attachment_template: 'generic', attachments: [GENERIC] },
    {
      id: uuid('OFFER'),
      message: 'Do you want help?',
      attachment_template: 'generic',
      attachments: [
        atLeast({
          id: uuid('ATTACHMENT'),
          text: GENERIC.text,
          actions: [
            atLeast({ id: uuid('ACTION'), ...yes }),
            atLeast({ text: 'Maybe', style: 'secondary' }),
            atLeast({ text: 'No', style: 'danger' }),
          ],
        }),
      ],
    },
  ),
  prepare('the visitor chooses', `POST ${VISITOR_MESSAGES}`, 'VISITOR_TOKEN', 201, {
    type: 'action',
    response_to_message_id: '{OFFER}',
    response_to_attachment_id: '{ATTACHMENT}',
    response_to_action_id: '{ACTION}',
  }),
  {
    what: 'chat message response actions',
    call: `GET ${OWNED}/{CHAT}/messages?type__in=action`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page([
      message({
        ...ofVisitor,
        type: 'action',
        message: 'Yes',
        response_to_message_id: '{OFFER}',
        response_to_attachment_id: '{ATTACHMENT}',
        response_to_attachment: atLeast({ id: '{ATTACHMENT}' }),
        response_to_action_id: '{ACTION}',
        response_to_action: atLeast({ id: '{ACTION}', ...yes }),
        response_value: 'yes',
      }),
    ]),
  },
  ...pages.map(({ template, attachment }) =>
    send(
      `send a chat message with ${template} attachment`,
      { message: 'Do you want help?', attachment_template: template, attachments: [attachment] },
      { message: 'Do you want help?', attachment_template: template, attachments: [atLeast(attachment)] },
    ),
  ),
];

const ends: Example[] = [
  {
    what: 'end a chat of the user',
    call: `PATCH ${AGENT}/chats/{CHAT}`,
    as: 'AGENT_TOKEN',
    body: { is_ended: true },
    status: 200,
    answer: atLeast({ id: '{CHAT}', is_ended: true, ended_at: some('time'), duration: some('number') }),
  },
  ...encryptedChatExamples,
  {
    what: "end organization's owned chat",
    call: `PATCH ${OWNED}/{NEXT_CHAT}`,
    as: 'SETTINGS_TOKEN',
    body: { is_ended: true },
    status: 200,
    answer: atLeast({ id: '{NEXT_CHAT}', is_ended: true, is_waiting: false, ended_at: some('time') }),
  },
];

export const chatsText: Text = {
  name: '001 Chats API',
  examples: [...beginning, ...chats, ...memberships, ...messages, ...chatPartsExamples, ...chatPathsExamples, ...ends],
};
