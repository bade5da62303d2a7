/** The steps of the text “Third-party visitor chat integration” and the endpoints that it names. */
import { atLeast, type Expected, listWith, named, some, uuid } from './expectation.ts';
import type { Example, Text } from './replay.ts';

const NAME = 'Väinö Virtanen';
const ORGANIZATION = '/api/v5/orgs/{ORGANIZATION}';
const VISITORS = '/api/v5/public/orgs/{ORGANIZATION}/rooms/{ROOM}/visitors';
const OWNED = `${ORGANIZATION}/owned_chats`;
const EVERY_EVENT = { on_added: true, on_changed: true, on_removed: true };

const page = (entry: Expected) => atLeast({ next: null, previous: null, results: listWith(entry) });

/** A webhook of an app about something in a collection. */
function told(what: string, toldAt: `/${string}`, channel: string, action: string, resource: Expected): Example {
  return { what, toldAt, carries: atLeast({ channel, action, resource_id: some('uuid'), resource }) };
}

const question = atLeast({
  type: 'msg',
  chat_id: uuid('CHAT'),
  message: 'Where is my order?',
  sender_type: 'visitor',
  sender_id: '{VISITOR}',
  sender_name: NAME,
});
const reply = atLeast({ type: 'msg', message: 'On its way.', sender_type: 'user', sender_id: '{AGENT}' });

export const visitorText: Text = {
  name: '003 Visitor chat integration',
  examples: [
    {
      what: 'a new app',
      call: `POST ${ORGANIZATION}/apps`,
      as: 'SETTINGS_TOKEN',
      body: {
        name: 'Example third-party chat',
        terms_url: 'https://chat.example/terms',
        privacy_url: 'https://chat.example/privacy',
      },
      status: 201,
      answer: atLeast({ id: uuid('APP'), name: 'Example third-party chat' }),
    },
    {
      what: 'its webhook for chats',
      call: `POST ${ORGANIZATION}/apps/{APP}/webhooks`,
      as: 'SETTINGS_TOKEN',
      body: {
        channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats',
        endpoint_url: '{RECEIVER}/giosg_webhooks/chats',
        ...EVERY_EVENT,
      },
      status: 201,
      answer: atLeast({ id: some('uuid'), ...EVERY_EVENT }),
    },
    {
      what: 'its webhook for messages',
      call: `POST ${ORGANIZATION}/apps/{APP}/webhooks`,
      as: 'SETTINGS_TOKEN',
      body: {
        channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
        endpoint_url: '{RECEIVER}/giosg_webhooks/messages',
        ...EVERY_EVENT,
      },
      status: 201,
      answer: atLeast({ id: some('uuid'), ...EVERY_EVENT }),
    },
    {
      what: 'the app is installed',
      call: `POST ${ORGANIZATION}/app_installations`,
      as: 'SETTINGS_TOKEN',
      body: { app_id: '{APP}' },
      status: 201,
      answer: atLeast({ id: uuid('INSTALLATION'), app_id: '{APP}' }),
    },
    {
      what: 'authenticate a new visitor',
      call: 'POST /api/v5/public/orgs/{ORGANIZATION}/auth',
      as: null,
      body: {},
      status: 200,
      answer: atLeast({
        visitor_id: named('visitor_id', 'VISITOR'),
        visitor_secret_id: some('text'),
        visitor_global_id: some('text'),
        access_token: named('text', 'VISITOR_TOKEN'),
      }),
    },
    {
      what: 'create a new room visitor',
      call: `POST ${VISITORS}`,
      as: 'VISITOR_TOKEN',
      body: { id: '{VISITOR}' },
      status: 201,
      answer: atLeast({ id: '{VISITOR}' }),
    },
    {
      what: 'the name of the visitor, by room visitor variables',
      call: `POST ${ORGANIZATION}/rooms/{ROOM}/visitors/{VISITOR}/variables`,
      as: 'SETTINGS_TOKEN',
      body: { key: 'username', value: NAME },
      status: 201,
      answer: atLeast({ key: 'username', value: NAME }),
    },
    {
      what: 'create a new chat as visitor',
      call: `POST ${VISITORS}/{VISITOR}/chats`,
      as: 'VISITOR_TOKEN',
      status: 201,
      answer: atLeast({ id: uuid('CHAT'), is_ended: false }),
    },
    told(
      'the webhook about the chat',
      '/giosg_webhooks/chats',
      OWNED,
      'added',
      atLeast({ id: uuid('CHAT'), room_id: '{ROOM}', chat_type: 'visitor', is_ended: false, is_waiting: false }),
    ),
    {
      what: 'send a new chat message as visitor',
      call: 'POST /api/v5/public/visitors/{VISITOR}/chats/{CHAT}/messages',
      as: 'VISITOR_TOKEN',
      body: { type: 'msg', message: 'Where is my order?' },
      status: 201,
      answer: atLeast({ id: some('uuid'), message: 'Where is my order?', sender_type: 'visitor' }),
    },
    told('the webhook about the message', '/giosg_webhooks/messages', `${OWNED}/{CHAT}/messages`, 'added', question),
    told(
      'the webhook about the chat, which is pending now and has only what changed',
      '/giosg_webhooks/chats',
      OWNED,
      'changed',
      atLeast({ is_waiting: true, is_pending: true }),
    ),
    {
      what: 'an agent picks up the chat',
      call: 'POST /api/v5/users/{AGENT}/routed_chats/{CHAT}/memberships',
      as: 'AGENT_TOKEN',
      body: { is_participating: true, composing_status: 'idle' },
      status: 201,
    },
    {
      what: 'and replies',
      call: 'POST /api/v5/users/{AGENT}/chats/{CHAT}/messages',
      as: 'AGENT_TOKEN',
      body: { message: 'On its way.' },
      status: 200,
    },
    told('the webhook about the reply', '/giosg_webhooks/messages', `${OWNED}/{CHAT}/messages`, 'added', reply),
    {
      what: "list organization's owned chats",
      call: `GET ${OWNED}`,
      as: 'SETTINGS_TOKEN',
      status: 200,
      answer: page(atLeast({ id: '{CHAT}', chat_type: 'visitor', is_waiting: false })),
    },
    {
      what: 'chat memberships',
      call: `GET ${OWNED}/{CHAT}/memberships`,
      as: 'SETTINGS_TOKEN',
      status: 200,
      answer: page(atLeast({ member_type: 'visitor', member_id: '{VISITOR}', member_name: NAME })),
    },
    {
      what: 'list chat messages',
      call: `GET ${OWNED}/{CHAT}/messages`,
      as: 'SETTINGS_TOKEN',
      status: 200,
      answer: page(question),
    },
    {
      what: 'the webhook log',
      call: `GET ${ORGANIZATION}/apps/{APP}/installations/{INSTALLATION}/deliveries`,
      as: 'SETTINGS_TOKEN',
      status: 200,
      answer: atLeast({ results: listWith(atLeast({ status: 'delivered' })) }),
    },
  ],
};
