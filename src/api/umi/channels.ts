import { type ChannelRow, flag } from '../../db/rows.ts';
import { newSecret } from '../../delivery/signature.ts';
import { drainLanes } from '../../delivery/wake-lanes.ts';
import {
  type ChannelChanges,
  deleteChannel,
  findChannel,
  insertChannel,
  listChannels,
  updateChannel,
} from '../../directory/channels.ts';
import { wrapSecret } from '../../directory/stored-secrets.ts';
import { type AppContext, organizationDatabase } from '../../http/app-environment.ts';
import { nameTarget } from '../../http/audit.ts';
import { collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { type Refusal, refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { channelResource } from '../../resources/channel.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { newUuid } from '../../resources/uuid.ts';
import { channelManagement, channelSettings } from '../access.ts';
import { deliveryLogCopy } from '../copy-database.ts';
import { defineRoute, VERBS } from '../define-route.ts';
import { quotaOf, quotaReached } from '../quotas.ts';
import { refusalOfUrl, requestOrigin } from '../webhook-url.ts';
import { channelChanges, channelKeySchema, channelSchema, channelsQuery, wholeChannel } from './channel-schemas.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, CHANNELS, channelPath, channelsPath } from './paths.ts';

const readers = { access: channelSettings, tag: 'Channels' };
const managers = { access: channelManagement, tag: 'Channels' };

const registerChannel = defineRoute({
  operationId: 'createChannel',
  ...managers,
  method: 'post',
  path: CHANNELS,
  summary: 'Register a messaging channel',
  description:
    'A channel connects a medium, such as a mailbox, with a room: messages that are posted to it open chats in the room, and replies go to its `reply_webhook_url` as signed webhooks. The hub generates the signing secret. Each call registers another channel, so list the channels before you repeat a call whose answer was lost. Above the quota of channels it is 409.',
  request: { params: channelsPath, body: bodyOf(wholeChannel) },
  refusals: [409],
  answers: { 201: jsonOf(channelSchema, 'The new channel') },
});

const getChannels = defineRoute({
  operationId: 'listChannels',
  ...readers,
  method: 'get',
  path: CHANNELS,
  summary: 'List messaging channels',
  description: 'The channels of the organization that are not deleted, newest first unless `ordering` says otherwise.',
  request: { params: channelsPath, query: channelsQuery },
  answers: { 200: jsonOf(collectionSchema(channelSchema), 'A page') },
});

const getChannel = defineRoute({
  operationId: 'getChannel',
  ...readers,
  method: 'get',
  path: CHANNEL,
  summary: 'Get a messaging channel',
  description: 'The answer never holds the signing secret. A deleted channel is not found.',
  request: { params: channelPath },
  answers: { 200: jsonOf(channelSchema, 'The channel') },
});

const removeChannel = defineRoute({
  operationId: 'deleteChannel',
  ...managers,
  method: 'delete',
  path: CHANNEL,
  summary: 'Delete a messaging channel',
  description:
    'Its open chats continue without it. Messages through it are refused (404), and pending webhooks end as skipped. Threads, events, deliveries and ledger stay readable. Repeating the call answers 404.',
  request: { params: channelPath },
  answers: { 204: { description: 'Deleted' } },
});

export const channelRoutes = createRouter();

channelRoutes.openapi(registerChannel, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { echo_user_messages, is_webhook_enabled, notify_purges, ...fields } = c.req.valid('json');
  const message = refusalOfUrl(c, fields.reply_webhook_url, null);
  if (message !== null) return refuseField(c, 'reply_webhook_url', message);
  const now = Date.now();
  const id = newUuid(now);
  nameTarget(c, { type: 'channel', id });
  const channel = {
    ...fields,
    id,
    echo_user_messages: flag(echo_user_messages),
    is_webhook_enabled: flag(is_webhook_enabled),
    notify_purges: flag(notify_purges),
    secret: await wrapSecret(c.env, { table: 'channels', id, column: 'secret' }, newSecret()),
    registered_origin: requestOrigin(c),
    created_at: now,
  };
  const quota = await quotaOf(c, 'channels');
  const added = await insertChannel(organizationDatabase(c), organization_id, channel, quota.limit);
  if (added.ok) return c.json(channelResource(added.row), 201);
  return added.reason === 'quota' ? refuse(c, quotaReached(quota)) : refuseField(c, 'room_id', ROOM_UNKNOWN);
});

channelRoutes.openapi(getChannels, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { ordering, ...query } = c.req.valid('query');
  const asked = readPage(query, ordering, channelKeySchema(ordering));
  if (!asked.ok) return refuse(c, asked.refusal);
  const rows = await listChannels(organizationDatabase(c), organization_id, ordering, asked.page.keyset);
  const column = ordering === '-created_at' ? 'created_at' : ordering === '-modified_at' ? 'modified_at' : ordering;
  const page = collectionResponse(c, {
    page: asked.page,
    rows,
    keyOf: (row) => [row[column], row.id],
    resource: channelResource,
  });
  return c.json(page, 200);
});

channelRoutes.openapi(getChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const channel = await findChannel(organizationDatabase(c), organization_id, config_id);
  return channel === null ? refuse(c, CHANNEL_NOT_FOUND) : c.json(channelResource(channel), 200);
});

const CHANGES = [
  {
    method: 'put',
    summary: 'Replace a messaging channel',
    description:
      'Every required field is needed. Optional fields that are left out are set to their defaults. The call can be repeated.',
    body: wholeChannel,
  },
  {
    method: 'patch',
    summary: 'Change a messaging channel',
    description:
      'Fields that are left out stay. Messages that arrive within AUTH_CACHE_SECONDS (30 by default) may still be handled with the old settings; webhooks use the new ones within two seconds. The call can be repeated.',
    body: channelChanges,
  },
] as const;
for (const { method, body, ...texts } of CHANGES) {
  const changeRoute = defineRoute({
    operationId: `${VERBS[method]}Channel`,
    ...managers,
    ...texts,
    method,
    path: CHANNEL,
    request: { params: channelPath, body: bodyOf(body) },
    answers: { 200: jsonOf(channelSchema, 'The changed channel') },
  });
  channelRoutes.openapi(changeRoute, async (c) => {
    const { organization_id, config_id } = c.req.valid('param');
    const changed = await changeChannel(c, organization_id, config_id, c.req.valid('json'));
    return changed.ok ? c.json(channelResource(changed.channel), 200) : refuse(c, changed.refusal);
  });
}

channelRoutes.openapi(removeChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const isDeleted = await deleteChannel(organizationDatabase(c), organization_id, config_id, Date.now());
  if (!isDeleted) return refuse(c, CHANNEL_NOT_FOUND);
  drainChannel(c, organization_id, config_id);
  return c.body(null, 204);
});

/** Fields of a channel on the wire. Missing fields stay. */
type WireChanges = Partial<{
  name: string;
  messaging_channel: string;
  room_id: string;
  reply_webhook_url: string;
  max_retry_count: number;
  echo_user_messages: boolean;
  is_webhook_enabled: boolean;
  notify_purges: boolean;
}>;

type Changed = { ok: true; channel: ChannelRow } | { ok: false; refusal: Refusal };

/** Changes a channel, for PUT and PATCH. Switching its webhook off also ends its pending webhooks. */
async function changeChannel(
  c: AppContext,
  organizationId: string,
  channelId: string,
  changes: WireChanges,
): Promise<Changed> {
  const database = organizationDatabase(c);
  const before = await findChannel(database, organizationId, channelId);
  if (before === null) return { ok: false, refusal: CHANNEL_NOT_FOUND };
  const url = changes.reply_webhook_url;
  const message = url === undefined ? null : refusalOfUrl(c, url, before.registered_origin);
  if (message !== null) return { ok: false, refusal: invalid('reply_webhook_url', message) };
  const channel = await updateChannel(database, organizationId, channelId, columnsOf(changes), Date.now());
  if (channel === null) {
    return { ok: false, refusal: changes.room_id === undefined ? CHANNEL_NOT_FOUND : invalid('room_id', ROOM_UNKNOWN) };
  }
  if (before.is_webhook_enabled === 1 && channel.is_webhook_enabled === 0) drainChannel(c, organizationId, channelId);
  return { ok: true, channel };
}

/** The 400 for a room that does not exist or belongs to another organization. */
const ROOM_UNKNOWN = 'Room not found in this organization.';

function invalid(field: string, message: string): Refusal {
  return { reason: 'invalid', fields: { [field]: [message] } };
}

function columnsOf({ echo_user_messages, is_webhook_enabled, notify_purges, ...rest }: WireChanges): ChannelChanges {
  return {
    ...rest,
    ...(echo_user_messages === undefined ? {} : { echo_user_messages: flag(echo_user_messages) }),
    ...(is_webhook_enabled === undefined ? {} : { is_webhook_enabled: flag(is_webhook_enabled) }),
    ...(notify_purges === undefined ? {} : { notify_purges: flag(notify_purges) }),
  };
}

/**
 * After the answer, ends the channel's pending webhooks as skipped, before their due times. A failure is only logged:
 * each lane sees the change when its next row is due.
 */
function drainChannel(c: AppContext, organizationId: string, channelId: string): void {
  const draining = async () =>
    drainLanes(await deliveryLogCopy(c), c.env.WEBHOOKS, organizationId, channelReceiver(channelId), null);
  const logged = draining().catch((error: unknown) => {
    writeLog('warn', 'channel.drain_failed', { channel_id: channelId, error: errorText(error) });
  });
  c.executionCtx.waitUntil(logged);
}
