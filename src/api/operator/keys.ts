import { z } from '@hono/zod-openapi';
import { databasesOf } from '../../db/database.ts';
import { rewrapPage, type SecretTable } from '../../directory/rewrap-secrets.ts';
import { findOrMakeHubKeys, newKeyId, purgeHubKeys, rotateSigningKey } from '../../directory/signing-keys.ts';
import { acceptedUntil, type SigningKeys } from '../../directory/token-keys.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, creationKey, readPage } from '../../http/collection.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { pageOfAll } from '../../http/page-of-all.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { isoTime, isoTimeOrNull } from '../../resources/clock.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';

const common = { tag: 'Administration', access: operator };

const keySchema = z
  .object({
    id: z.string().openapi({ description: 'The `kid` in the header of the tokens that it has signed.' }),
    created_at: isoTimeSchema,
    accepted_until: isoTimeSchema.nullable().openapi({
      description: 'When the last token has ended that the key may have signed; null for the newest key.',
    }),
  })
  .openapi('AdminSigningKey');

const listKeys = defineRoute({
  operationId: 'adminListSigningKeys',
  ...common,
  method: 'get',
  path: '/signing_keys',
  summary: 'List the keys that sign the tokens of visitors and apps',
  description: 'The oldest first. The newest signs. The keys themselves are shown nowhere.',
  request: { query: z.object(collectionQuery) },
  answers: { 200: jsonOf(collectionSchema(keySchema), 'A page') },
});

const createKey = defineRoute({
  operationId: 'adminCreateSigningKey',
  ...common,
  method: 'post',
  path: '/signing_keys',
  summary: 'Rotate the key that signs the tokens of visitors and apps',
  description:
    'Makes another key, which signs five seconds later. What the one before has signed works until it expires, or ends within AUTH_CACHE_SECONDS with `ends_previous`. Visitors keep their ids and secrets. Of two calls at once one is 409; so is one while 18 earlier keys are still accepted.',
  request: {
    body: bodyOf(
      z
        .object({
          ends_previous: z.boolean().default(false).openapi({
            description: 'True ends all tokens of earlier keys, for when a key was stolen.',
            example: false,
          }),
        })
        .openapi('AdminNewSigningKey'),
    ),
  },
  refusals: [409],
  answers: { 201: jsonOf(keySchema, 'The new key') },
});

const rewrap = defineRoute({
  operationId: 'adminRewrapSecrets',
  ...common,
  method: 'post',
  path: '/secrets/rewrap',
  summary: 'Wrap stored secrets by the present SECRETS_KEY',
  description:
    'Goes through the next 200 keys, apps, channels or answers that are kept for an `Idempotency-Key`, and wraps again what SECRETS_KEY_PREVIOUS has wrapped, or nothing. Call it again with `next` as `cursor` until `next` is null. What cannot be unwrapped stays and is named; the log says why. The call can be repeated.',
  request: { body: bodyOf(z.object({ cursor: z.string().nullish() }).openapi('AdminRewrap')) },
  answers: {
    200: jsonOf(
      z
        .object({
          rewrapped: z.int().openapi({ description: 'How many secrets were wrapped again.' }),
          unreadable: z.array(
            z.object({ table: z.enum(['signing_keys', 'apps', 'channels', 'keyed_requests']), id: z.string() }),
          ),
          next: z.string().nullable(),
        })
        .openapi('AdminRewrapped'),
      'What was done',
    ),
  },
});

export const keyRoutes = createRouter();

keyRoutes.openapi(listKeys, async (c) => {
  const asked = readPage(c.req.valid('query'), 'signing_keys', creationKey);
  if (!asked.ok) return refuse(c, asked.refusal);
  const { signing } = await findOrMakeHubKeys(c.env, identityDatabase(c), Date.now());
  const keyOf = ({ created_at, id }: KeyResource) => [Date.parse(created_at), id];
  return c.json(
    pageOfAll(c, asked.page, keyResources(signing), keyOf, (key) => key),
    200,
  );
});

keyRoutes.openapi(createKey, async (c) => {
  const { ends_previous } = c.req.valid('json');
  const identity = identityDatabase(c);
  const now = Date.now();
  const before = await findOrMakeHubKeys(c.env, identity, now);
  const replaces = before.signing.at(-1)?.id ?? '';
  const id = newKeyId();
  nameTarget(c, { type: 'signing_key', id });
  const rotated = await rotateSigningKey(c.env, identity, { id, replaces, ends_previous, now });
  purgeHubKeys();
  if (rotated === null) return refuse(c, NOT_ROTATED);
  const { signing } = await findOrMakeHubKeys(c.env, identity, now);
  const made = keyResources(signing).find((key) => key.id === id);
  // Another rotation may have ended this key already.
  return made === undefined ? refuse(c, NOT_ROTATED) : c.json(made, 201);
});

const NOT_ROTATED: Refusal = {
  reason: 'conflict',
  detail: 'Another call rotates the keys, or too many earlier keys are still accepted: list them.',
};

type KeyResource = z.infer<typeof keySchema>;

function keyResources(keys: SigningKeys): KeyResource[] {
  return keys.map(({ id, created_at }, place) => ({
    id,
    created_at: isoTime(created_at),
    accepted_until: isoTimeOrNull(acceptedUntil(keys, place)),
  }));
}

const REWRAP_ROWS = 200;
const REWRAP_ORDERING = 'rewrap';
const rewrapKey = z.tuple([z.int().min(0), z.string()]);

keyRoutes.openapi(rewrap, async (c) => {
  const { cursor } = c.req.valid('json');
  const from = cursor == null ? null : decodeCursor(cursor, REWRAP_ORDERING, rewrapKey);
  if (cursor != null && from === null) {
    return refuse(c, { reason: 'invalid', fields: { cursor: ['Invalid cursor.'] } });
  }
  const [place, after] = from === null ? [0, ''] : rewrapKey.parse(from.key);
  const at = tablesWithSecrets(c)[place];
  if (at === undefined) return c.json({ rewrapped: 0, unreadable: [], next: null }, 200);
  const { rewrapped, unreadable, last } = await rewrapPage(c.env, at, after, REWRAP_ROWS);
  purgeHubKeys();
  const next = last === null ? [place + 1, ''] : [place, last];
  const body = {
    rewrapped,
    unreadable: unreadable.map((id) => ({ table: at.table, id })),
    next: encodeCursor({ ordering: REWRAP_ORDERING, direction: 'next', key: next }),
  };
  return c.json(body, 200);
});

function tablesWithSecrets(c: AppContext): SecretTable[] {
  const identity = identityDatabase(c);
  const ofOrganizations = [...databasesOf(c.env, c.var.cost).values()];
  return [
    { database: identity, table: 'signing_keys' },
    { database: identity, table: 'apps' },
    ...ofOrganizations.map((database): SecretTable => ({ database, table: 'channels' })),
    ...ofOrganizations.map((database): SecretTable => ({ database, table: 'keyed_requests' })),
  ];
}
