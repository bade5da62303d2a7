/**
 * The operations of the text “Chats API” that have a path and statuses in it, and no example: with the shape that its tables
 * of attributes say. They follow on its examples: {CHAT} is open, {AGENT}, {AGENT2} and {MANAGER} are in it, {OFFER} is a
 * message of it, and {SUGGESTION} one of its suggestions.
 */
import { createHash } from 'node:crypto';
import { atLeast, type Expected, listWith, named, some, uuid } from './expectation.ts';
import type { Example, Sent } from './replay.ts';

const ORGANIZATION = '/api/v5/orgs/{ORGANIZATION}';
const AGENT = '/api/v5/users/{AGENT}';
const PUBLIC = '/api/v5/public';
const OF_ORGANIZATION = ['owned', 'involved', 'routed'] as const;

type Call = Extract<Example, { call: string }>;

/** An operation, named by its call. The token is the agent's below `AGENT`, else that of the settings user. */
function op(call: Call['call'], status: number, parts: { as?: string; body?: Sent; answer?: Expected } = {}): Example {
  const as = call.includes(AGENT) ? 'AGENT_TOKEN' : 'SETTINGS_TOKEN';
  return { what: call, call, as, status, ...parts };
}

const prepare = (what: string, example: Example): Example => ({ ...example, what, isPreparation: true });
const page = (entry: Expected): Expected => atLeast({ next: null, previous: null, results: listWith(entry) });

function chat(id: string, fields: Record<string, Expected> = {}): Expected {
  return atLeast({
    id,
    created_at: some('time'),
    updated_at: some('time'),
    room_id: '{ROOM}',
    room_organization_id: '{ORGANIZATION}',
    chat_type: 'visitor',
    is_ended: false,
    is_waiting: some('boolean'),
    is_pending: some('boolean'),
    message_count: some('integer'),
    ...fields,
  });
}

function member(id: string, member_type: 'user' | 'visitor', chat_id = '{CHAT}'): Expected {
  const composing_status = some('text');
  return atLeast({ member_id: id, member_type, chat_id, is_participating: true, composing_status });
}

/** A second visitor, whose chat nobody answers. */
const pending: Example[] = [
  prepare(
    'a second visitor',
    op(`POST ${PUBLIC}/orgs/{ORGANIZATION}/auth`, 200, {
      body: {},
      answer: atLeast({ visitor_id: named('visitor_id', 'VISITOR2'), access_token: named('text', 'VISITOR2_TOKEN') }),
    }),
  ),
  prepare(
    'they come to the room',
    op(`POST ${PUBLIC}/orgs/{ORGANIZATION}/rooms/{ROOM}/visitors`, 201, {
      as: 'VISITOR2_TOKEN',
      body: { id: '{VISITOR2}' },
    }),
  ),
  prepare(
    'their chat',
    op(`POST ${PUBLIC}/orgs/{ORGANIZATION}/rooms/{ROOM}/visitors/{VISITOR2}/chats`, 201, {
      as: 'VISITOR2_TOKEN',
      body: {},
      answer: atLeast({ id: uuid('PENDING') }),
    }),
  ),
  prepare(
    'they write',
    op(`POST ${PUBLIC}/visitors/{VISITOR2}/chats/{PENDING}/messages`, 201, {
      as: 'VISITOR2_TOKEN',
      body: { message: 'Is anybody there?' },
    }),
  ),
  op(`GET ${ORGANIZATION}/rooms/{ROOM}/pending_chats`, 200, { answer: page(chat('{PENDING}', { is_pending: true })) }),
  op(`GET ${AGENT}/pending_chats`, 200, { answer: page(chat('{PENDING}', { is_pending: true })) }),
  op(`GET ${AGENT}/pending_chats/{PENDING}/memberships`, 200, {
    answer: page(member('{VISITOR2}', 'visitor', '{PENDING}')),
  }),
];

const OF_VISITOR = 'rooms/{ROOM}/visitors/{VISITOR}/chats';

const lists: Example[] = [
  `${ORGANIZATION}/involved_chats` as const,
  `${ORGANIZATION}/routed_chats` as const,
  `${ORGANIZATION}/${OF_VISITOR}` as const,
  `${AGENT}/routed_chats` as const,
  `${AGENT}/chats` as const,
  `${AGENT}/${OF_VISITOR}` as const,
].map((path) => op(`GET ${path}`, 200, { answer: page(chat('{CHAT}')) }));

const single: Example[] = [
  ...OF_ORGANIZATION.map((kind) => `${ORGANIZATION}/${kind}_chats/{CHAT}` as const),
  `${AGENT}/routed_chats/{CHAT}` as const,
].map((path) => op(`GET ${path}`, 200, { answer: chat('{CHAT}') }));

const joining = { is_participating: true, composing_status: 'idle' };

const memberships: Example[] = [
  ...[
    `${AGENT}/chats/{CHAT}/memberships` as const,
    `${AGENT}/routed_chats/{CHAT}/memberships` as const,
    ...OF_ORGANIZATION.map((kind) => `${ORGANIZATION}/${kind}_chats/{CHAT}/memberships` as const),
  ].map((path) => op(`GET ${path}`, 200, { answer: page(member('{AGENT}', 'user')) })),
  op(`GET ${AGENT}/chat_memberships`, 200, { answer: page(member('{AGENT}', 'user')) }),
  op(`GET ${AGENT}/chats/{CHAT}/visitors/{VISITOR}/chat_memberships`, 200, {
    answer: page(member('{VISITOR}', 'visitor')),
  }),
  op(`PATCH ${AGENT}/chat_memberships/{CHAT}`, 200, {
    body: { composing_status: 'idle' },
    answer: atLeast({ member_id: '{AGENT}', chat_id: '{CHAT}', composing_status: 'idle' }),
  }),
  // Those who are in the chat already are found.
  ...(['involved', 'routed'] as const).map((kind) =>
    op(`POST ${ORGANIZATION}/${kind}_chats/{CHAT}/memberships`, 200, {
      body: { member_id: '{MANAGER}', ...joining },
      answer: member('{MANAGER}', 'user'),
    }),
  ),
];

const messages: Example[] = [
  `${ORGANIZATION}/involved_chats` as const,
  `${ORGANIZATION}/routed_chats` as const,
  `${AGENT}/chats` as const,
  `${AGENT}/routed_chats` as const,
].map((path) =>
  op(`GET ${path}/{CHAT}/messages`, 200, {
    answer: page(atLeast({ id: '{OFFER}', type: 'msg', chat_id: '{CHAT}', sender_id: '{AGENT}', sender_type: 'user' })),
  }),
);

function tag(name: string): Expected {
  return atLeast({ name, hashed_name: createHash('sha1').update(name).digest('hex'), created_at: some('time') });
}

const tags: Example[] = OF_ORGANIZATION.flatMap((kind) => {
  const path = `${ORGANIZATION}/${kind}_chats/{CHAT}` as const;
  const added = { body: { name: `Seen as ${kind}` }, answer: tag(`Seen as ${kind}`) };
  return [
    op(`POST ${path}/tags`, 201, added),
    prepare('the same tag again', op(`POST ${path}/tags`, 200, added)),
    op(`GET ${path}/tags`, 200, { answer: page(tag(`Seen as ${kind}`)) }),
    op(`DELETE ${path}/tags/${encodeURIComponent(`Seen as ${kind}`)}`, 204, { answer: null }),
    op(`GET ${path}/allowed_tags`, 200, { answer: page(atLeast({ name: 'Lead', room_id: '{ROOM}' })) }),
  ];
});

const starter = { language_code: 'fi', message: 'Hei!' };

const starters: Example[] = [
  op('PUT /api/v5/users/{AGENT2}/chat_conversation_starters/fi', 200, {
    as: 'AGENT2_TOKEN',
    body: starter,
    answer: { ...starter, created_at: some('time'), updated_at: some('time') },
  }),
];

function suggestion(id: Expected, text: string, relevancy_score: number | null): Expected {
  return atLeast({
    id,
    suggestion: text,
    relevancy_score,
    chat_id: '{CHAT}',
    message_id: '{OFFER}',
    room_id: '{ROOM}',
  });
}

const written = (text: string, score: number | null) => ({
  body: { suggestion: text, relevancy_score: score },
  answer: suggestion('{SUGGESTION}', text, score),
});

const ROUTED_SUGGESTIONS = `${AGENT}/routed_chats/{CHAT}/messages/{OFFER}/reply_suggestions` as const;

const suggestions: Example[] = [
  op(`POST ${ROUTED_SUGGESTIONS}`, 201, {
    body: { suggestion: 'Shall I show them to you?' },
    answer: suggestion(uuid('NEXT_SUGGESTION'), 'Shall I show them to you?', null),
  }),
  ...(['chats', 'routed_chats'] as const).flatMap((kind) => {
    const path = `${AGENT}/${kind}/{CHAT}/messages/{OFFER}/reply_suggestions/{SUGGESTION}` as const;
    return [
      op(`PUT ${path}`, 200, written(`Put by ${kind}.`, 0.7)),
      op(`PATCH ${path}`, 200, written(`Patched by ${kind}.`, 0.8)),
      op(`GET ${AGENT}/${kind}/{CHAT}/reply_suggestions`, 200, {
        answer: page(suggestion('{SUGGESTION}', `Patched by ${kind}.`, 0.8)),
      }),
    ];
  }),
  op(`GET ${ROUTED_SUGGESTIONS}`, 200, {
    answer: page(suggestion('{NEXT_SUGGESTION}', 'Shall I show them to you?', null)),
  }),
];

const TALK = `${AGENT}/chats/{TALK}` as const;

function invite(id: string, name: string): Example {
  const body = { invited_user_id: id };
  const answer = atLeast({ id: uuid(name), invited_user_id: id, is_accepted: false, is_expired: false });
  return prepare(
    `an invitation, ${name}`,
    op(`POST ${TALK}/outgoing_chat_invitations`, 201, { as: 'AGENT_TOKEN', body, answer }),
  );
}

function accept(call: Call['call'], as: string, by: string): Example {
  const answer = atLeast({ is_accepted: true, accepted_by_user_id: by, accepted_at: some('time'), chat_id: '{TALK}' });
  return op(call, 200, { as, body: { is_accepted: true }, answer });
}

/** A chat between users, into which others are invited. */
const talk: Example[] = [
  op(`POST ${AGENT}/chats`, 201, {
    body: {},
    answer: atLeast({ id: uuid('TALK'), chat_type: 'operator', room_id: null, is_ended: false }),
  }),
  invite('{AGENT2}', 'EXPIRING'),
  op(`PUT ${TALK}/outgoing_chat_invitations/{EXPIRING}`, 200, {
    body: { is_expired: true },
    answer: atLeast({ id: '{EXPIRING}', is_expired: true, expired_at: some('time') }),
  }),
  invite('{AGENT2}', 'FIRST'),
  accept('PUT /api/v5/users/{AGENT2}/incoming_chat_invitations/{FIRST}', 'AGENT2_TOKEN', '{AGENT2}'),
  invite('{BOT}', 'SECOND'),
  accept('PATCH /api/v5/users/{BOT}/incoming_chat_invitations/{SECOND}', 'BOT_TOKEN', '{BOT}'),
  invite('{MANAGER}', 'THIRD'),
  accept('PUT /api/v5/users/{MANAGER}/chats/{TALK}/incoming_chat_invitations/{THIRD}', 'SETTINGS_TOKEN', '{MANAGER}'),
  op(`PUT ${TALK}`, 200, {
    body: { is_ended: true },
    answer: atLeast({ id: '{TALK}', is_ended: true, ended_at: some('time') }),
  }),
];

/** The agent writes to visitors: the open chat is found, and after its end a new one begins. */
const beginnings: Example[] = [
  prepare('the open chat is found', op(`POST ${AGENT}/${OF_VISITOR}`, 200, { body: {}, answer: chat('{CHAT}') })),
  op(`PUT ${ORGANIZATION}/owned_chats/{PENDING}`, 200, {
    body: { is_ended: true },
    answer: chat('{PENDING}', { is_ended: true, is_waiting: false, is_pending: false, ended_at: some('time') }),
  }),
  op(`POST ${AGENT}/rooms/{ROOM}/visitors/{VISITOR2}/chats`, 201, {
    body: {},
    answer: atLeast({ id: uuid('BEGUN'), chat_type: 'visitor', room_id: '{ROOM}', is_ended: false }),
  }),
];

export const chatPathsExamples: readonly Example[] = [
  ...pending,
  ...lists,
  ...single,
  ...memberships,
  ...messages,
  ...tags,
  ...starters,
  ...suggestions,
  ...talk,
  ...beginnings,
];
