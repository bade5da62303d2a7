import { refusalComponents } from '../../http/refusals.ts';
import type { AppRouter } from '../../http/router.ts';
import { appExamples } from './examples/app-examples.ts';
import { chatExamples } from './examples/chat-examples.ts';
import { directoryExamples } from './examples/directory-examples.ts';
import { messagingExamples } from './examples/messaging-examples.ts';
import { operatorExamples } from './examples/operator-examples.ts';
import { rpcExamples } from './examples/rpc-examples.ts';
import { sessionExamples } from './examples/session-examples.ts';
import { threadsExamples } from './examples/threads-examples.ts';
import { visitorExamples } from './examples/visitor-examples.ts';
import { registerWebhooks } from './webhooks.ts';

/**
 * The OpenAPI document. `npm run openapi` makes it. It is committed as `public/openapi.json` and served as a static
 * asset, so this file is not part of the Worker.
 */

/** The parts of the document that `npm run openapi` reads. */
export type OpenApiDocument = ReturnType<AppRouter['getOpenAPI31Document']>;

const SECURITY_SCHEMES = {
  userToken: 'Access token of a user: `Authorization: Bearer <token>` or `Authorization: Token <token>`.',
  visitorToken: 'Access token of a visitor, valid for 30 minutes: `Authorization: Bearer <token>`.',
  rpcKey: 'A key of JSON-RPC: `Authorization: Bearer <key>`.',
  adminToken:
    'The secret ADMIN_TOKEN of the deployment: `Authorization: Bearer <secret>`. ADMIN_TOKEN_PREVIOUS is accepted too while it is set.',
};

const TAGS = [
  { name: 'Channels', description: 'Messaging channel configurations, their secrets and their test.' },
  { name: 'Messages', description: 'Messages into threads, the end of a session, the events of a thread.' },
  { name: 'Deliveries', description: 'Webhooks: what was sent, what failed, replays.' },
  {
    name: 'Chats',
    description: 'Chats of a user, of an organization, of a room or of a visitor; routed and pending chats.',
  },
  { name: 'Chat memberships', description: 'Members of a chat: who takes part, is present or types. Joining a chat.' },
  { name: 'Chat messages', description: 'Messages of a chat, with attachments.' },
  { name: 'Chat invitations', description: 'Invitations of users, teams and organizations to a chat.' },
  { name: 'Chat tags', description: 'Tags of a chat, and the tags that its room allows.' },
  { name: 'Chat reply suggestions', description: 'Suggested replies to a message.' },
  { name: 'Conversation starters', description: 'Greetings that a user opens conversations with, one a language.' },
  { name: 'Notes', description: 'What users write about a chat for their own organization.' },
  { name: 'Canned replies', description: 'Texts that agents insert into replies by a shortcut.' },
  { name: 'Sessions', description: 'How a browser signs in: sessions by cookie (docs/console.md).' },
  { name: 'Users', description: 'Users of the organization, their preferences and clients.' },
  { name: 'Teams', description: 'Teams of the organization and their members.' },
  { name: 'Rooms', description: 'Rooms of the organization, rooms that reach a user, allowed tags of a room.' },
  { name: 'Routers', description: 'Whom the chats of rooms reach.' },
  { name: 'Shares', description: 'Rooms and teams that organizations offer to partners and share with them.' },
  { name: 'Organization', description: 'The organization itself.' },
  { name: 'Visitors', description: 'Visitors of a room and their variables.' },
  {
    name: 'Threads',
    description: 'The threads API: messages with replies, for programs with a key of it (docs/threads.md).',
  },
  { name: 'Interfaces', description: 'Settings and keys of JSON-RPC message sync and of the threads API.' },
  { name: 'Purges', description: 'Erasure of visitors, threads and messages (docs/privacy.md).' },
  { name: 'Public API', description: 'What a visitor may do: authenticate, visit rooms, chat.' },
  { name: 'Files', description: 'Files of messages: uploads, and their signed URLs (docs/files.md).' },
  { name: 'Live', description: 'WebSockets that report changes as they happen (docs/live.md).' },
  { name: 'Apps', description: 'Apps, their webhooks, installations and triggers.' },
  { name: 'Administration', description: 'Organizations and everything in them, for the operator of the hub.' },
  { name: 'Webhooks', description: 'What the hub sends to the URLs of channels and apps, signed (docs/webhooks.md).' },
  { name: 'Service', description: 'The service itself.' },
];

/** The example of each component, by its name. Those of pages follow from them. */
const EXAMPLES: { readonly [component: string]: unknown } = {
  ...messagingExamples,
  ...chatExamples,
  ...directoryExamples,
  ...visitorExamples,
  ...appExamples,
  ...operatorExamples,
  ...rpcExamples,
  ...sessionExamples,
  ...threadsExamples,
};

/**
 * The OpenAPI 3.1 document of all routes of `app`. `version` is that of package.json.
 */
export function openApiDocument(app: AppRouter, version: string): OpenApiDocument {
  const registry = app.openAPIRegistry;
  for (const [name, description] of Object.entries(SECURITY_SCHEMES)) {
    registry.registerComponent('securitySchemes', name, { type: 'http', scheme: 'bearer', description });
  }
  const threadsKey = {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'A key of the threads API.',
  } as const;
  registry.registerComponent('securitySchemes', 'threadsKey', threadsKey);
  const sessionCookie = {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-umi_session',
    description:
      'The session of a browser (docs/console.md), for pages of the hub alone. Over http, on this machine, its name is `umi_session`.',
  } as const;
  registry.registerComponent('securitySchemes', 'sessionCookie', sessionCookie);
  for (const [name, schema] of Object.entries(refusalComponents.schemas))
    registry.registerComponent('schemas', name, schema);
  for (const { name, response } of refusalComponents.responses) registry.registerComponent('responses', name, response);
  registerWebhooks(app);
  return withExamples(
    namePages(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'UMI',
          version,
          description:
            'Unified messaging hub: messages come in from any channel, chat sessions are kept, replies go out by signed webhook.',
        },
        servers: [{ url: '/' }],
        tags: TAGS,
      }),
    ),
  );
}

/** Gives each component its example: a page holds that of its item. Throws for an example of no component. */
function withExamples(document: OpenApiDocument): OpenApiDocument {
  const schemas = { ...document.components?.schemas };
  const unused = Object.keys(EXAMPLES).filter((name) => !(name in schemas));
  if (unused.length > 0) throw new Error(`no component has these examples: ${unused.join(', ')}`);
  for (const [name, schema] of Object.entries(schemas)) {
    const example = exampleOf(name, schema);
    if (example !== undefined) schemas[name] = { ...schema, example };
  }
  return { ...document, components: { ...document.components, schemas } };
}

function exampleOf(name: string, schema: unknown): unknown {
  if (!isPage(schema)) return EXAMPLES[name];
  const item = EXAMPLES[componentOf(schema.properties.results.items.$ref)];
  return item === undefined ? undefined : { next: null, previous: null, results: [item] };
}

/** The name of the component to which a reference points. */
function componentOf(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

type Page = { type: 'object'; properties: { results: { items: { $ref: string } } } };

/** Makes a component for the pages of each kind of resource: `ChatPage` for pages of `Chat`. */
function namePages(document: OpenApiDocument): OpenApiDocument {
  const pages = new Map<string, Page>();
  const named = JSON.parse(JSON.stringify(document), (_key, value: unknown) => {
    if (!isPage(value)) return value;
    const name = `${componentOf(value.properties.results.items.$ref)}Page`;
    pages.set(name, value);
    return { $ref: `#/components/schemas/${name}` };
  }) as OpenApiDocument;
  const schemas = { ...named.components?.schemas, ...Object.fromEntries(pages) };
  return { ...named, components: { ...named.components, schemas } };
}

function isPage(value: unknown): value is Page {
  const { properties } = (value ?? {}) as { properties?: Record<string, { items?: { $ref?: string } }> };
  return (
    Object.keys(properties ?? {}).join() === 'next,previous,results' &&
    properties?.['results']?.items?.$ref !== undefined
  );
}
