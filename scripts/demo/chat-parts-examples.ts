/**
 * The examples of the text “Chats API” about invitations, tags, conversation starters and reply suggestions, in a chat {CHAT} in which
 * {AGENT} is. Two joins are among them, because they are those of other users.
 */
import { createHash } from 'node:crypto';
import { atLeast, type Expected, type ExpectedFields, listWith, some, uuid } from './expectation.ts';
import type { Example } from './replay.ts';

const ORGANIZATION = '/api/v5/orgs/{ORGANIZATION}';
const AGENT_CHAT = '/api/v5/users/{AGENT}/chats/{CHAT}';
const STARTERS = '/api/v5/users/{AGENT2}/chat_conversation_starters';

const page = (entry: Expected) => atLeast({ next: null, previous: null, results: listWith(entry) });

function user(id: string, first_name: string, last_name: string): Expected {
  return atLeast({
    id,
    first_name,
    last_name,
    full_name: `${first_name} ${last_name}`,
    organization_id: '{ORGANIZATION}',
  });
}

const AGENT = user('{AGENT}', 'Agent', 'Smith');
const INVITED = user('{AGENT2}', 'Agent', 'Jones');

function invitation(name: string, fields: ExpectedFields = {}): Expected {
  return atLeast({
    id: uuid(name),
    is_accepted: false,
    is_expired: false,
    invited_by_user_id: '{AGENT}',
    invited_by_user: AGENT,
    chat_id: '{CHAT}',
    room_id: '{ROOM}',
    invited_user_id: '{AGENT2}',
    invited_team_id: null,
    invited_organization_id: null,
    invitee_name: 'Agent Jones',
    accepted_by_user_id: null,
    accepted_by_user: null,
    user_member_count: some('integer'),
    visitor_member_count: 1,
    created_at: some('time'),
    updated_at: some('time'),
    accepted_at: null,
    expired_at: null,
    ...fields,
  });
}

const accepted = {
  is_accepted: true,
  accepted_by_user_id: '{AGENT2}',
  accepted_by_user: INVITED,
  accepted_at: some('time'),
};

const invite = {
  call: `POST ${AGENT_CHAT}/outgoing_chat_invitations`,
  as: 'AGENT_TOKEN',
  body: { invited_user_id: '{AGENT2}' },
  status: 201,
} as const;

const invitations: Example[] = [
  { what: 'send a chat invitation', ...invite, answer: invitation('INVITATION') },
  {
    what: 'expire a chat invitation',
    call: `PATCH ${AGENT_CHAT}/outgoing_chat_invitations/{INVITATION}`,
    as: 'AGENT_TOKEN',
    body: { is_expired: true },
    status: 200,
    answer: invitation('INVITATION', { is_expired: true, expired_at: some('time') }),
  },
  { what: 'another invitation', isPreparation: true, ...invite, answer: invitation('NEXT_INVITATION') },
  {
    what: 'list incoming chat invitations for the user',
    call: 'GET /api/v5/users/{AGENT2}/incoming_chat_invitations',
    as: 'AGENT2_TOKEN',
    status: 200,
    answer: page(invitation('NEXT_INVITATION')),
  },
  {
    what: 'accept incoming chat invitation',
    call: 'PATCH /api/v5/users/{AGENT2}/chats/{CHAT}/incoming_chat_invitations/{NEXT_INVITATION}',
    as: 'AGENT2_TOKEN',
    body: { is_accepted: true },
    status: 200,
    answer: invitation('NEXT_INVITATION', accepted),
  },
  {
    what: 'list outgoing chat invitations for user',
    call: `GET ${AGENT_CHAT}/outgoing_chat_invitations`,
    as: 'AGENT_TOKEN',
    status: 200,
    answer: page(invitation('NEXT_INVITATION', accepted)),
  },
];

const joins: Example[] = [
  {
    what: 'join user to a routed chat',
    call: 'POST /api/v5/users/{BOT}/routed_chats/{CHAT}/memberships',
    as: 'BOT_TOKEN',
    body: { is_participating: true, composing_status: 'idle' },
    status: 201,
    answer: atLeast({ member_id: '{BOT}', member_type: 'user', is_bot: true, is_participating: true }),
  },
  {
    what: 'another user of the organization',
    isPreparation: true,
    call: `GET ${ORGANIZATION}/users`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(atLeast({ id: uuid('MANAGER'), first_name: 'Sam' })),
  },
  {
    what: "join user to an organization's chat",
    call: `POST ${ORGANIZATION}/owned_chats/{CHAT}/memberships`,
    as: 'SETTINGS_TOKEN',
    body: { member_id: '{MANAGER}', is_participating: true, composing_status: 'idle' },
    status: 201,
    answer: atLeast({ member_id: '{MANAGER}', member_type: 'user', is_participating: true, composing_status: 'idle' }),
  },
];

const LEAD = {
  name: 'Lead',
  hashed_name: createHash('sha1').update('Lead').digest('hex'),
  created_at: some('time'),
};
const PREMIUM = 'Premium customer';

const tags: Example[] = [
  {
    what: 'add a tag to a chat',
    call: `POST ${AGENT_CHAT}/tags`,
    as: 'AGENT_TOKEN',
    body: { name: 'Lead' },
    status: 201,
    answer: atLeast(LEAD),
  },
  {
    what: 'another tag',
    isPreparation: true,
    call: `POST ${AGENT_CHAT}/tags`,
    as: 'AGENT_TOKEN',
    body: { name: PREMIUM },
    status: 201,
  },
  {
    what: 'list tags of a chat',
    call: `GET ${AGENT_CHAT}/tags`,
    as: 'AGENT_TOKEN',
    status: 200,
    answer: atLeast({ next: null, previous: null, results: [atLeast(LEAD), atLeast({ name: PREMIUM })] }),
  },
  {
    what: 'remove a tag from a chat',
    call: `DELETE ${AGENT_CHAT}/tags/${encodeURIComponent(PREMIUM)}`,
    as: 'AGENT_TOKEN',
    status: 204,
    answer: null,
  },
  {
    what: 'the room proposes a tag',
    isPreparation: true,
    call: `POST ${ORGANIZATION}/rooms/{ROOM}/allowed_tags`,
    as: 'SETTINGS_TOKEN',
    body: { name: 'Lead' },
    status: 201,
  },
  {
    what: 'list allowed tags for a chat',
    call: `GET ${AGENT_CHAT}/allowed_tags`,
    as: 'AGENT_TOKEN',
    status: 200,
    answer: page({ ...LEAD, room_id: '{ROOM}' }),
  },
];

const starter = { language_code: 'en', message: 'Can I help you?', created_at: some('time'), updated_at: some('time') };
const finnish = { ...starter, language_code: 'fi', message: 'Kuinka voin auttaa?' };

const starters: Example[] = [
  {
    what: 'add a chat conversation starter for user',
    call: `POST ${STARTERS}`,
    as: 'AGENT2_TOKEN',
    body: { message: 'Can I help you?', language_code: 'en' },
    status: 201,
    answer: starter,
  },
  {
    what: 'one in another language',
    isPreparation: true,
    call: `POST ${STARTERS}`,
    as: 'AGENT2_TOKEN',
    body: { message: finnish.message, language_code: 'fi' },
    status: 201,
  },
  {
    what: 'list chat conversation starters for user',
    call: `GET ${STARTERS}`,
    as: 'AGENT2_TOKEN',
    status: 200,
    answer: { next: null, previous: null, results: [starter, finnish] },
  },
  {
    what: 'update a chat conversation starter',
    call: `PATCH ${STARTERS}/fi`,
    as: 'AGENT2_TOKEN',
    body: { message: 'Kuinka voin auttaa sinua?' },
    status: 200,
    answer: { ...finnish, message: 'Kuinka voin auttaa sinua?' },
  },
  {
    what: 'remove a chat conversation starter from user',
    call: `DELETE ${STARTERS}/en`,
    as: 'AGENT2_TOKEN',
    status: 204,
    answer: null,
  },
];

const SUGGESTIONS = `${AGENT_CHAT}/messages/{OFFER}/reply_suggestions` as const;

const suggestion = atLeast({
  id: uuid('SUGGESTION'),
  suggestion: 'Yes we do have those products.',
  relevancy_score: 0.6,
  created_by_user_id: '{AGENT}',
  created_by_user: AGENT,
  updated_by_user_id: '{AGENT}',
  updated_by_user: AGENT,
  room_id: '{ROOM}',
  chat_id: '{CHAT}',
  message_id: '{OFFER}',
  organization_id: '{ORGANIZATION}',
  created_at: some('time'),
  updated_at: some('time'),
});

const suggestions: Example[] = [
  {
    what: 'add a chat reply suggestion for a message',
    call: `POST ${SUGGESTIONS}`,
    as: 'AGENT_TOKEN',
    body: { suggestion: 'Yes we do have those products.', relevancy_score: 0.6 },
    status: 201,
    answer: suggestion,
  },
  {
    what: 'list reply suggestions of a message',
    call: `GET ${SUGGESTIONS}`,
    as: 'AGENT_TOKEN',
    status: 200,
    answer: page(suggestion),
  },
];

export const chatPartsExamples: readonly Example[] = [...invitations, ...joins, ...tags, ...starters, ...suggestions];
