import { z } from '@hono/zod-openapi';
import { openIdentityDatabase } from '../../db/database.ts';
import type { ChannelRow } from '../../db/rows.ts';
import { newSecret } from '../../delivery/signature.ts';
import {
  findInterfaceChannel,
  findOrMakeInterfaceChannel,
  type InterfaceChannelChanges,
  updateInterfaceChannel,
} from '../../directory/interface-channels.ts';
import { numbersOf } from '../../directory/numbers.ts';
import { findRoom } from '../../directory/rooms.ts';
import { unwrapSecret, wrapSecret } from '../../directory/stored-secrets.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { isoTimeSchema, textField, uuidField } from '../../http/fields.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { randomSecret } from '../../platform/secrets.ts';
import {
  type InterfaceKind,
  type InterfaceSettings,
  RESPONDER_MODES,
  RESPONDER_TYPES,
  type Responder,
  rpcSettingsResource,
  threadsSettingsResource,
} from '../../resources/interface.ts';
import { numericId } from '../../resources/rpc-ids.ts';
import { newUuid } from '../../resources/uuid.ts';
import { defineRoute } from '../define-route.ts';
import { organizationPath } from '../shared/paths.ts';
import { calledUrlField, refusalOfUrl, requestOrigin } from '../webhook-url.ts';
import type { Door } from './door.ts';

/** The 409 for an organization without a room: an interface's chats begin in one. */
export const NO_ROOM: Refusal = {
  reason: 'conflict',
  detail: 'The organization has no room, in which the chats of this interface could begin.',
};

/** Header values and members of JSON: visible ASCII, so that every receiver can compare it. */
const keyField = textField({ max: 255 }).regex(/^[\x21-\x7e]+$/, 'Use visible ASCII characters without spaces.');

const changesOfAll = z
  .object({
    webhook_url: calledUrlField().nullable().openapi({
      description: 'Public `https` URL that gets the webhooks. Null: nothing is sent.',
      example: 'https://gateway.example.com/hub',
    }),
    webhook_key: keyField.openapi({
      description: 'What webhooks carry so that the receiver knows the hub. The hub makes one with the settings.',
    }),
    room_id: uuidField().openapi({ description: 'Room in which chats begin. Open chats stay in their room.' }),
  })
  .partial();

const responderFields = z
  .object({
    type: z.enum(RESPONDER_TYPES),
    url: calledUrlField().nullish(),
    model: textField({ max: 255 }).nullish(),
    mode: z.enum(RESPONDER_MODES).default('reply'),
    api_key: keyField
      .nullish()
      .openapi({ description: 'Never shown. If it is left out and `url` stays, an earlier one stays.' }),
  })
  .superRefine(({ type, url, model, api_key }, context) => {
    const expected = { url: type !== 'workers_ai', model: type !== 'http', api_key: type === 'openai' ? null : false };
    for (const [field, value] of Object.entries({ url, model, api_key })) {
      const wanted = expected[field as keyof typeof expected];
      if (wanted === true && value == null) context.addIssue({ code: 'custom', path: [field], message: REQUIRED });
      if (wanted === false && value != null) context.addIssue({ code: 'custom', path: [field], message: NOT_OF_TYPE });
    }
  })
  .openapi('NewResponder');

const REQUIRED = 'This field is required.';
const NOT_OF_TYPE = 'A responder of this type has no such field.';

const changesOfThreads = changesOfAll.extend({ responder: responderFields.nullable().optional() });
type Changes = z.infer<typeof changesOfThreads>;

const textOrNull = z.string().nullable();
const settingsOfAll = z.object({
  organization_id: z.string(),
  channel_id: textOrNull.openapi({
    description:
      'Under this id `…/unified_messaging/<id>` has the secret, the deliveries, the ledger and the replays of the webhooks. Null before the settings or the first key were made.',
  }),
  room_id: textOrNull,
  webhook_url: textOrNull,
  webhook_key: textOrNull,
  modified_at: isoTimeSchema.nullable(),
});
const responderSchema = z.object({
  type: z.enum(RESPONDER_TYPES),
  url: textOrNull,
  model: textOrNull,
  mode: z.enum(RESPONDER_MODES),
  has_api_key: z.boolean(),
});

const FORMS = {
  rpc: {
    operation: 'RpcSettings',
    text: 'the settings of JSON-RPC',
    carrier: 'Webhooks carry `webhook_key` as `api_key` in their body.',
    schema: settingsOfAll
      .extend({ orgid: z.string().openapi({ description: 'The organization, as JSON-RPC names it.' }) })
      .openapi('RpcSettings'),
    changes: changesOfAll.openapi('PatchRpcSettings'),
  },
  threads: {
    operation: 'ThreadsSettings',
    text: 'the settings of the threads API',
    carrier: 'Webhooks carry `webhook_key` in the header `x-api-key`.',
    schema: settingsOfAll.extend({ responder: responderSchema.nullable() }).openapi('ThreadsSettings'),
    changes: changesOfThreads.openapi('PatchThreadsSettings'),
  },
} as const satisfies { [kind in InterfaceKind]: object };

/** The settings of an interface, behind a door. */
export function interfaceSettingsRoutesOf(door: Door, kind: InterfaceKind): AppRouter {
  const { operation, text, carrier, schema, changes } = FORMS[kind];
  const common = { tag: door.tagOf('Interfaces'), access: door.interfaces };
  const path = `${door.organization}/${kind}` as const;
  const routes = createRouter();

  const getSettings = defineRoute({
    operationId: door.nameOf(`get${operation}`),
    ...common,
    method: 'get',
    path,
    summary: `Get ${text}`,
    description: `${carrier} All is null until the first change or the first key makes the settings.`,
    request: { params: organizationPath },
    answers: { 200: jsonOf(schema, 'The settings') },
  });
  routes.openapi(getSettings, async (c) => {
    const channel = await findInterfaceChannel(organizationDatabase(c), c.var.organization.id, kind);
    return c.json(await shown(c, kind, channel), 200);
  });

  const patchSettings = defineRoute({
    operationId: door.nameOf(`update${operation}`),
    ...common,
    method: 'patch',
    path,
    summary: `Change ${text}`,
    description: `Fields that are left out stay. ${carrier} Webhooks use new settings within two seconds. Without a room it is 409. The call can be repeated.`,
    request: { params: organizationPath, body: bodyOf(changes) },
    refusals: [409],
    answers: { 200: jsonOf(schema, 'Changed') },
  });
  routes.openapi(patchSettings, async (c) => {
    const fields = c.req.valid('json') as Changes;
    const database = organizationDatabase(c);
    const refusal = await refusalOf(c, fields, await findInterfaceChannel(database, c.var.organization.id, kind));
    if (refusal !== null) return refuse(c, refusal);
    const before = await findOrMakeChannel(c, kind);
    if (before === null) return refuse(c, NO_ROOM);
    nameTarget(c, { type: 'channel', id: before.id });
    const columns = await columnsOf(c, before, fields);
    const channel = await updateInterfaceChannel(database, c.var.organization.id, before.id, columns, Date.now());
    if (channel === null) return refuse(c, ROOM_UNKNOWN);
    return c.json(await shown(c, kind, channel), 200);
  });

  return routes;
}

/** The channel of an interface of `c.var.organization`, made if there is none. Null when the organization has no room. */
export async function findOrMakeChannel(c: AppContext, kind: InterfaceKind): Promise<ChannelRow | null> {
  const database = organizationDatabase(c);
  const { id: organizationId } = c.var.organization;
  const found = await findInterfaceChannel(database, organizationId, kind);
  if (found !== null) return found;
  const now = Date.now();
  const id = newUuid(now);
  const place = { table: 'channels', id } as const;
  return await findOrMakeInterfaceChannel(database, organizationId, {
    id,
    kind,
    secret: await wrapSecret(c.env, { ...place, column: 'secret' }, newSecret()),
    webhook_key: await wrapSecret(c.env, { ...place, column: 'webhook_key' }, randomSecret()),
    registered_origin: requestOrigin(c),
    created_at: now,
  });
}

const ROOM_UNKNOWN: Refusal = { reason: 'invalid', fields: { room_id: ['Room not found in this organization.'] } };

/** What is wrong with changes, before anything is written; null for nothing. */
async function refusalOf(
  c: AppContext,
  { webhook_url, responder, room_id }: Changes,
  before: ChannelRow | null,
): Promise<Refusal | null> {
  if (room_id !== undefined && (await findRoom(organizationDatabase(c), c.var.organization.id, room_id)) === null) {
    return ROOM_UNKNOWN;
  }
  const problemOf = (url: string | null | undefined) =>
    url == null ? null : refusalOfUrl(c, url, before?.registered_origin ?? null);
  const ofWebhook = problemOf(webhook_url);
  if (ofWebhook !== null) return { reason: 'invalid', fields: { webhook_url: [ofWebhook] } };
  const ofResponder = problemOf(responder?.url);
  return ofResponder === null ? null : { reason: 'invalid', fields: { responder: { url: [ofResponder] } } };
}

async function columnsOf(c: AppContext, before: ChannelRow, fields: Changes): Promise<InterfaceChannelChanges> {
  const { id } = before;
  const wrap = async (column: 'webhook_key' | 'responder_key', secret: string) =>
    wrapSecret(c.env, { table: 'channels', id, column }, secret);
  const { webhook_url, webhook_key, room_id, responder } = fields;
  const columns: InterfaceChannelChanges = {
    ...(webhook_url === undefined ? {} : { reply_webhook_url: webhook_url ?? '', registered_origin: requestOrigin(c) }),
    ...(webhook_key === undefined ? {} : { webhook_key: await wrap('webhook_key', webhook_key) }),
    room_id,
  };
  if (responder === undefined) return columns;
  if (responder === null) return { ...columns, responder: null, responder_key: null };
  const { type, url = null, model = null, mode, api_key } = responder;
  const stored: Responder = { type, url, model, mode };
  // A key stays with its service: who names another URL must know it.
  const earlier = responderOf(before);
  const keepsKey = api_key === undefined && earlier?.type === type && earlier.url === url;
  return {
    ...columns,
    responder: JSON.stringify(stored),
    ...(keepsKey ? {} : { responder_key: api_key == null ? null : await wrap('responder_key', api_key) }),
  };
}

function responderOf({ responder }: ChannelRow): Responder | null {
  return responder === null ? null : (JSON.parse(responder) as Responder);
}

async function shown(c: AppContext, kind: InterfaceKind, channel: ChannelRow | null) {
  const settings: InterfaceSettings = {
    organization_id: c.var.organization.id,
    channel_id: channel?.id ?? null,
    room_id: channel?.room_id ?? null,
    webhook_url: channel === null || channel.reply_webhook_url === '' ? null : channel.reply_webhook_url,
    webhook_key: channel === null ? null : await webhookKeyOf(c, channel),
    modified_at: channel?.modified_at ?? null,
  };
  if (kind === 'rpc') {
    // Not audited as a change: the number is given to whoever asks first.
    const identity = openIdentityDatabase(c.env, c.var.cost);
    const [number] = await numbersOf(identity, c.var.organization.id, null);
    return rpcSettingsResource(settings, numericId(number));
  }
  const responder = channel === null ? null : responderOf(channel);
  return threadsSettingsResource(settings, responder, channel?.responder_key != null);
}

async function webhookKeyOf(c: AppContext, { id, webhook_key }: ChannelRow): Promise<string | null> {
  if (webhook_key === null) return null;
  return unwrapSecret(c.env, { table: 'channels', id, column: 'webhook_key' }, webhook_key);
}
