import { createRoute, z } from '@hono/zod-openapi';
import { type OpenApiDocument, renderReference } from './reference-page.ts';
import { type AppRouter, createRouter } from './router.ts';

/** The OpenAPI 3.1 document of all routes that are mounted on `app` by the time of the call. */
export function openApiDocument(app: AppRouter): OpenApiDocument {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'UMI',
      version: '1.0.0',
      description:
        'Unified messaging hub: messages come in from any channel, chat sessions are kept, replies go out by signed webhook.',
    },
    servers: [{ url: '/' }],
    tags: TAGS,
  });
}

const TAGS = [
  { name: 'Channels', description: 'Messaging channel configurations, their secrets and their test.' },
  { name: 'Messages', description: 'Messages into threads, the end of a session, what the webhooks carried.' },
  { name: 'Deliveries', description: 'Webhooks: what was sent, what failed, replays.' },
  {
    name: 'Chats',
    description: 'Chats by the right to see them: of a user, routed, pending, of an organization, a room, a visitor.',
  },
  { name: 'Chat memberships', description: 'Who is in a chat, takes part, is present, types; how users join.' },
  { name: 'Chat messages', description: 'Messages of a chat, with attachments.' },
  { name: 'Chat invitations', description: 'Invitations of users, teams and organizations to a chat.' },
  { name: 'Chat tags', description: 'Tags of a chat, and those that its room allows.' },
  { name: 'Chat reply suggestions', description: 'Suggested replies to a message.' },
  { name: 'Conversation starters', description: 'With what a user opens a conversation, one for each language.' },
  { name: 'Users', description: 'Users of the organization, their preferences and clients.' },
  { name: 'Teams', description: 'Teams of the organization and their members.' },
  { name: 'Rooms', description: 'Rooms of the organization, those that reach a user, and the tags that they allow.' },
  { name: 'Organization', description: 'The organization itself.' },
  { name: 'Visitors', description: 'What is known of visitors.' },
  { name: 'Public API', description: 'What a visitor may do: authenticate, visit rooms, chat.' },
  { name: 'Live', description: 'WebSockets that tell of changes as they happen (docs/live.md).' },
  { name: 'Apps', description: 'Apps, their webhooks, where they are installed, and how they are opened.' },
  {
    name: 'Administration',
    description: 'Organizations with their users, teams, rooms and routers, for the operator of the hub.',
  },
  { name: 'Service', description: 'The service itself.' },
];

const getDocument = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getOpenApiDocument',
  security: [],
  tags: ['Service'],
  summary: 'OpenAPI document',
  responses: {
    200: {
      description: 'OpenAPI 3.1 document of this API',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
});

const getReference = createRoute({
  method: 'get',
  path: '/docs',
  operationId: 'getReference',
  security: [],
  tags: ['Service'],
  summary: 'Reference page',
  responses: { 200: { description: 'This reference for people', content: { 'text/html': { schema: z.string() } } } },
});

/** Adds `/openapi.json` and `/docs` to `app`. Both are made once for each isolate, at the first request. */
export function mountReference(app: AppRouter): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'userToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'Access token of a user: `Authorization: Bearer <token>` or `Authorization: Token <token>`.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'visitorToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'Access token of a visitor, valid for 30 minutes: `Authorization: Bearer <token>`.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'adminToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'The secret ADMIN_TOKEN of the deployment.',
  });
  let document: OpenApiDocument | null = null;
  let page: string | null = null;
  const routes = createRouter();
  routes.openapi(getDocument, (c) => {
    document ??= openApiDocument(app);
    return c.json(document as unknown as Record<string, never>, 200);
  });
  routes.openapi(getReference, (c) => {
    page ??= renderReference(openApiDocument(app));
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    );
    return c.html(page, 200);
  });
  app.route('/', routes);
}
