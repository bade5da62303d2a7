import { z } from '@hono/zod-openapi';
import { insertInterfaceKey, listInterfaceKeys, revokeInterfaceKey } from '../../directory/interface-keys.ts';
import { newToken, tokenDigest } from '../../directory/tokens.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionQuery, collectionSchema, idCollection, readIdPage } from '../../http/collection.ts';
import { isoTimeSchema, pathId, textField } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { type InterfaceKind, interfaceKeyResource } from '../../resources/interface.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';
import type { Door } from './door.ts';
import { findOrMakeChannel, NO_ROOM } from './interface-settings.ts';

const newKeyBody = z.object({ label: textField({ max: 255, blank: true }).optional() }).openapi('NewInterfaceKey');

const keySchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    label: z.string(),
    revoked_at: isoTimeSchema.nullable(),
    created_at: isoTimeSchema,
  })
  .openapi('InterfaceKey');

const createdKeySchema = keySchema
  .extend({
    key: z.string().openapi({ description: 'The key itself. Only this answer shows it; it is stored nowhere.' }),
  })
  .openapi('CreatedInterfaceKey');

/** What the reference calls an interface. */
export const NAMES = {
  rpc: { operation: 'Rpc', text: 'JSON-RPC', header: '`Authorization: Bearer <key>`' },
  threads: { operation: 'Threads', text: 'the threads API', header: '`x-api-key: <key>`' },
} as const satisfies { [kind in InterfaceKind]: { operation: string; text: string; header: string } };

/** The keys with which programs use an interface, behind a door. */
export function interfaceKeyRoutesOf(door: Door, kind: InterfaceKind): AppRouter {
  const name = NAMES[kind];
  const common = { tag: door.tagOf('Interfaces'), access: door.interfaces };
  const all = `${door.organization}/${kind}/keys` as const;
  const routes = createRouter();

  const createKey = defineRoute({
    operationId: door.nameOf(`create${name.operation}Key`),
    ...common,
    method: 'post',
    path: all,
    idempotency: 'identity',
    summary: `Create a key for ${name.text}`,
    description: `A program sends it as ${name.header}. It opens ${name.text} of the organization and nothing else. Only this answer shows it. Each call makes another one. The first one also makes the settings; without a room it is 409.`,
    request: { params: organizationPath, body: bodyOf(newKeyBody) },
    refusals: [409],
    answers: { 201: jsonOf(createdKeySchema, 'Created') },
  });
  routes.openapi(createKey, async (c) => {
    if ((await findOrMakeChannel(c, kind)) === null) return refuse(c, NO_ROOM);
    const now = Date.now();
    const key = newToken();
    const id = newUuid(now);
    nameTarget(c, { type: `${kind}_key`, id });
    const row = await insertInterfaceKey(identityDatabase(c), c.var.organization.id, {
      digest: tokenDigest(key),
      id,
      kind,
      label: c.req.valid('json').label ?? '',
      created_at: now,
    });
    if (row === null) return refuse(c, { reason: 'organization_unknown' });
    return c.json({ ...interfaceKeyResource(row), key }, 201);
  });

  const getKeys = defineRoute({
    operationId: door.nameOf(`list${name.operation}Keys`),
    ...common,
    method: 'get',
    path: all,
    summary: `List the keys of ${name.text}`,
    description: 'By id, with revoked ones. The keys themselves are shown nowhere.',
    request: { params: organizationPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(keySchema), 'A page') },
  });
  routes.openapi(getKeys, async (c) => {
    const asked = readIdPage(c.req.valid('query'));
    if (!asked.ok) return refuse(c, asked.refusal);
    const rows = await listInterfaceKeys(identityDatabase(c), c.var.organization.id, kind, asked.page.keyset);
    return c.json(idCollection(c, asked.page, rows, interfaceKeyResource), 200);
  });

  const removeKey = defineRoute({
    operationId: door.nameOf(`delete${name.operation}Key`),
    ...common,
    method: 'delete',
    path: `${all}/{key_id}`,
    summary: `Revoke a key of ${name.text}`,
    description: 'Repeating it changes nothing. Other isolates may accept the key for AUTH_CACHE_SECONDS longer.',
    request: { params: organizationPath.extend({ key_id: pathId('key_id') }) },
    answers: { 204: { description: 'Revoked' } },
  });
  routes.openapi(removeKey, async (c) => {
    const { key_id } = c.req.valid('param');
    nameTarget(c, { type: `${kind}_key`, id: key_id });
    const row = await revokeInterfaceKey(identityDatabase(c), c.var.organization.id, kind, key_id, Date.now());
    return row === null ? refuse(c, { reason: 'not_found', detail: 'Key not found.' }) : c.body(null, 204);
  });

  return routes;
}
