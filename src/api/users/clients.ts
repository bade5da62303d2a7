import { z } from '@hono/zod-openapi';
import { findUser } from '../../directory/users.ts';
import { type AppContext, type AppMiddleware, identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { integerField, isoTimeSchema, pathId, textField } from '../../http/fields.ts';
import { objectField } from '../../http/json-field.ts';
import { type Refused, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { cutText } from '../../resources/characters.ts';
import { MAX_PATTERN_LENGTH, subscribedTopic } from '../../resources/topic.ts';
import { clientResource } from '../../resources/user-client.ts';
import { callTwice } from '../../rpc/call.ts';
import { liveHubStub, organizationHub } from '../../rpc/live-hub.ts';
import { askUser, type PresenceOwner, userStub } from '../../rpc/user.ts';
import { ownUser, userOrScope, withGuards } from '../access.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { USER_NOT_FOUND } from '../shared/paths.ts';

/** The longest time for which a client can keep its user present: 30 days. Seconds. */
const LONGEST_PRESENCE = 30 * 24 * 3600;
/** Largest `properties` of a client, as JSON in UTF-8. Bytes. */
const PROPERTIES_LIMIT = 10_000;
/** Deepest nesting of objects and lists in `properties`. */
const PROPERTIES_LEVELS = 32;

/** Most channels of a client, as of a socket. */
const MOST_CHANNELS = 100;

const properties = objectField({ bytes: PROPERTIES_LIMIT, levels: PROPERTIES_LEVELS });

const changesSchema = z
  .object({
    presence_expires_in: integerField({ min: 1, max: LONGEST_PRESENCE })
      .optional()
      .openapi({ description: 'Seconds. Default: 120 for a new client; a renewed client keeps its value.' }),
    gcm_token: textField({ max: 4096, blank: true }).nullable().optional(),
    properties: properties.optional(),
    subscribed_channels: z
      .array(z.string())
      .max(MOST_CHANNELS)
      .optional()
      .openapi({ description: 'What the live sockets that follow this client get (docs/live.md).' }),
  })
  .openapi('UserClientChanges');

const clientSchema = z
  .object({
    id: z.string().openapi({ format: 'uuid' }),
    presence_expires_in: z.int().openapi({ description: 'Seconds.' }),
    presence_expires_at: isoTimeSchema,
    is_present: z.boolean(),
    is_about_to_expire: z.boolean().openapi({ description: 'Present, with less than 30 s left.' }),
    gcm_token: z.string().nullable(),
    properties: z.record(z.string(), z.unknown()),
    subscribed_channels: z.array(z.string()),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('UserClient');

/** Refuses a path whose user is neither the caller nor another user of the organization: 404. */
const requireUser: AppMiddleware = async (c, next) => {
  const { user, organization } = c.var.principal;
  const userId = c.req.param('user_id')?.toLowerCase() ?? '';
  if (userId !== user.id && (await findUser(identityDatabase(c), organization.id, userId)) === null) {
    return refuse(c, USER_NOT_FOUND);
  }
  await next();
};

const user = z.object({ user_id: pathId('user_id') });
const userOfOrganization = user.extend({ organization_id: pathId('organization_id') });
const client = { client_id: pathId('client_id') };

/** The same routes below a user and below an organization, each with its access. */
const PLACES = [
  {
    name: 'Client',
    base: '/users/{user_id}/clients' as const,
    access: ownUser,
    all: user,
    one: user.extend(client),
  },
  {
    name: 'UserClient',
    base: '/orgs/{organization_id}/users/{user_id}/clients' as const,
    access: withGuards(userOrScope, requireUser),
    all: userOfOrganization,
    one: userOfOrganization.extend(client),
  },
];

/**
 * The clients of a user, at /users/<user_id>/clients and /orgs/<organization_id>/users/<user_id>/clients. A user is
 * present while one of them has not expired. Expired clients stay listed. A change renews an expired client and answers
 * 201.
 */
export const clientRoutes = createRouter();

for (const { name, base, access, all, one } of PLACES) {
  const shared = { tag: 'Users', access };

  const listRoute = defineRoute({
    operationId: `list${name}s`,
    ...shared,
    method: 'get',
    path: base,
    summary: "List a user's clients",
    description:
      'A user is present while one of these clients has not expired. Expired ones are listed for 30 days, so that a bot can renew the one that it had.',
    request: { params: all, query: z.object(collectionQuery) },
    answers: {
      200: jsonOf(collectionSchema(clientSchema), 'Clients, oldest first, including expired ones'),
    },
  });
  clientRoutes.openapi(listRoute, async (c) => {
    const read = readPage(c.req.valid('query'), 'created_at', idKey);
    if (!read.ok) return refuse(c, read.refusal);
    const { page } = read;
    const clients = await askUser(c.env, c.var.cost, c.req.valid('param').user_id, (stub) =>
      stub.listClients({ v: 1 }),
    );
    const key = String(page.keyset.key?.[0] ?? '');
    const isBackwards = page.keyset.direction === 'previous';
    const now = Date.now();
    const body = collectionResponse(c, {
      page,
      rows: isBackwards ? clients.filter(({ id }) => id < key).reverse() : clients.filter(({ id }) => id > key),
      keyOf: ({ id }) => [id],
      resource: (facts) => clientResource(facts, now),
    });
    return c.json(body, 200);
  });

  const createClientRoute = defineRoute({
    operationId: `create${name}`,
    ...shared,
    method: 'post',
    idempotency: 'organization',
    path: base,
    summary: 'Make a user present with a new client',
    description:
      'The user is present for `presence_expires_in` seconds, 120 if it is not given. Each call makes another client: renew one that is there instead. A user has at most 100; beyond that an expired one gives way, and if there is none the call is 409.',
    request: { params: all, body: bodyOf(changesSchema) },
    refusals: [409],
    answers: { 201: jsonOf(clientSchema, 'The client') },
  });
  clientRoutes.openapi(createClientRoute, async (c) => {
    const { user_id } = c.req.valid('param');
    const owner = { user_id, organization_id: c.var.principal.organization.id };
    const changes = c.req.valid('json');
    const problem = channelProblem(changes.subscribed_channels, owner);
    if (problem !== null) return refuseField(c, 'subscribed_channels', problem);
    const saved = await userStub(c.env, user_id).createClient({ v: 1, owner, changes });
    if (saved === null) return refuse(c, { reason: 'conflict', detail: 'The user has too many clients.' });
    return c.json(clientResource(saved.client, Date.now()), 201);
  });

  const retrieveRoute = defineRoute({
    operationId: `get${name}`,
    ...shared,
    method: 'get',
    path: `${base}/{client_id}`,
    summary: "Retrieve a user's client",
    description: 'Expired clients are found too. `is_about_to_expire` says that less than 30 seconds are left.',
    request: { params: one },
    answers: { 200: jsonOf(clientSchema, 'The client') },
  });
  clientRoutes.openapi(retrieveRoute, async (c) => {
    const { user_id, client_id } = c.req.valid('param');
    const clients = await askUser(c.env, c.var.cost, user_id, (stub) => stub.listClients({ v: 1 }));
    const facts = clients.find(({ id }) => id === client_id);
    return facts === undefined ? refuseClient(c) : c.json(clientResource(facts, Date.now()), 200);
  });

  for (const method of ['put', 'patch'] as const) {
    const updateRoute = defineRoute({
      operationId: `${VERBS[method]}${name}`,
      ...shared,
      method,
      path: `${base}/{client_id}`,
      summary: "Renew the presence of a user's client",
      description:
        'Both methods renew the presence, also with an empty body, and leave what is left out as it is. Live sockets that follow the client get the `subscribed_channels` at once. A client that had expired is answered with 201. The call can be repeated.',
      request: { params: one, body: bodyOf(changesSchema) },
      answers: {
        200: jsonOf(clientSchema, 'The client'),
        201: jsonOf(clientSchema, 'The client, which had expired'),
      },
    });
    clientRoutes.openapi(updateRoute, async (c) => {
      const { user_id, client_id } = c.req.valid('param');
      const changes = c.req.valid('json');
      const owner = { user_id, organization_id: c.var.principal.organization.id };
      const problem = channelProblem(changes.subscribed_channels, owner);
      if (problem !== null) return refuseField(c, 'subscribed_channels', problem);
      const saved = await askUser(c.env, c.var.cost, user_id, (stub) =>
        stub.updateClient({ v: 1, client_id, changes }),
      );
      if (saved === null) return refuseClient(c);
      // Also when nothing has changed: a repeat after a lost answer must reach the sockets.
      if (changes.subscribed_channels !== undefined) await tellSockets(c, user_id, client_id);
      return c.json(clientResource(saved.client, Date.now()), saved.was_absent ? 201 : 200);
    });
  }

  const deleteRoute = defineRoute({
    operationId: `delete${name}`,
    ...shared,
    method: 'delete',
    path: `${base}/{client_id}`,
    summary: "Delete a user's client",
    description:
      'Signs the user off when no other client of theirs is unexpired; waiting chats that only they attended become pending. Live sockets that follow the client get nothing more by it. Repeating the call answers 404.',
    request: { params: one },
    answers: { 204: { description: 'Deleted' } },
  });
  clientRoutes.openapi(deleteRoute, async (c) => {
    const { user_id, client_id } = c.req.valid('param');
    const isDeleted = await askUser(c.env, c.var.cost, user_id, (stub) => stub.deleteClient({ v: 1, client_id }));
    if (!isDeleted) return refuseClient(c);
    await tellSockets(c, user_id, client_id);
    return c.body(null, 204);
  });
}

/** What is wrong with one of the channels that a client of a user is to carry; null when nothing is. */
function channelProblem(channels: readonly string[] | undefined, owner: PresenceOwner): string | null {
  for (const channel of channels ?? []) {
    const read = subscribedTopic(channel, owner);
    if ('problem' in read) return `${cutText(channel, MAX_PATTERN_LENGTH)}: ${read.problem}`;
  }
  return null;
}

/** Lets the sockets of a user that follow the client read what it carries now. */
async function tellSockets(c: AppContext, user_id: string, client_id: string): Promise<void> {
  const hub = organizationHub(c.var.principal.organization.id);
  await callTwice(c.var.cost, () => liveHubStub(c.env, hub).followClient({ v: 1, user_id, client_id }));
}

function refuseClient(c: AppContext): Refused {
  return refuse(c, { reason: 'not_found', detail: 'Client not found.' });
}
