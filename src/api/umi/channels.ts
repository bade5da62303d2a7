import { newSecret } from '../../delivery/signature.ts';
import { deleteChannel, findChannel, insertChannel, listChannels } from '../../directory/channels.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { collectionResponse, collectionSchema, readPage } from '../../http/collection.ts';
import { refuse, refuseField } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { channelResource } from '../../resources/channel.ts';
import { newUuid } from '../../resources/uuid.ts';
import { channelSettings } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { changeChannel, ROOM_UNKNOWN } from './change-channel.ts';
import { purgeChannel } from './channel-cache.ts';
import { channelChanges, channelKeySchema, channelSchema, channelsQuery, wholeChannel } from './channel-schemas.ts';
import { drainChannel } from './drain-channel.ts';
import { refusalOfUrl, requestOrigin } from './guard-channel-url.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, CHANNELS, channelPath, channelsPath } from './paths.ts';

const common = { access: channelSettings, tag: 'Channels' };

const registerChannel = defineRoute({
  operationId: 'createChannel',
  ...common,
  method: 'post',
  path: CHANNELS,
  summary: 'Register a messaging channel',
  request: { params: channelsPath, body: bodyOf(wholeChannel) },
  answers: { 201: jsonOf(channelSchema, 'Registered') },
});

const getChannels = defineRoute({
  operationId: 'listChannels',
  ...common,
  method: 'get',
  path: CHANNELS,
  summary: 'List messaging channels',
  request: { params: channelsPath, query: channelsQuery },
  answers: { 200: jsonOf(collectionSchema(channelSchema), 'A page') },
});

const getChannel = defineRoute({
  operationId: 'getChannel',
  ...common,
  method: 'get',
  path: CHANNEL,
  summary: 'Get a messaging channel',
  request: { params: channelPath },
  answers: { 200: jsonOf(channelSchema, 'The channel') },
});

const putChannel = defineRoute({
  operationId: 'replaceChannel',
  ...common,
  method: 'put',
  path: CHANNEL,
  summary: 'Replace a messaging channel',
  description: 'Every required field is needed; optional ones that are left out go back to their defaults.',
  request: { params: channelPath, body: bodyOf(wholeChannel) },
  answers: { 200: jsonOf(channelSchema, 'Changed') },
});

const patchChannel = defineRoute({
  operationId: 'updateChannel',
  ...common,
  method: 'patch',
  path: CHANNEL,
  summary: 'Change a messaging channel',
  request: { params: channelPath, body: bodyOf(channelChanges) },
  answers: { 200: jsonOf(channelSchema, 'Changed') },
});

const removeChannel = defineRoute({
  operationId: 'deleteChannel',
  ...common,
  method: 'delete',
  path: CHANNEL,
  summary: 'Delete a messaging channel',
  description: 'Open chats go on; pending webhooks end as skipped. Deliveries, ledger and events stay readable.',
  request: { params: channelPath },
  answers: { 204: { description: 'Deleted' } },
});

export const channelRoutes = createRouter();

channelRoutes.openapi(registerChannel, async (c) => {
  const { organization_id } = c.req.valid('param');
  const { echo_user_messages, is_webhook_enabled, ...fields } = c.req.valid('json');
  const message = refusalOfUrl(c, fields.reply_webhook_url, null);
  if (message !== null) return refuseField(c, 'reply_webhook_url', message);
  const now = Date.now();
  const channel = await insertChannel(organizationDatabase(c), organization_id, {
    ...fields,
    id: newUuid(now),
    echo_user_messages: echo_user_messages ? 1 : 0,
    is_webhook_enabled: is_webhook_enabled ? 1 : 0,
    secret: newSecret(),
    registered_origin: requestOrigin(c),
    created_at: now,
  });
  if (channel === null) return refuseField(c, 'room_id', ROOM_UNKNOWN);
  return c.json(channelResource(channel), 201);
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

channelRoutes.openapi(putChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const changed = await changeChannel(c, organization_id, config_id, c.req.valid('json'));
  return changed.ok ? c.json(channelResource(changed.channel), 200) : refuse(c, changed.refusal);
});

channelRoutes.openapi(patchChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const changed = await changeChannel(c, organization_id, config_id, c.req.valid('json'));
  return changed.ok ? c.json(channelResource(changed.channel), 200) : refuse(c, changed.refusal);
});

channelRoutes.openapi(removeChannel, async (c) => {
  const { organization_id, config_id } = c.req.valid('param');
  const isDeleted = await deleteChannel(organizationDatabase(c), organization_id, config_id, Date.now());
  if (!isDeleted) return refuse(c, CHANNEL_NOT_FOUND);
  purgeChannel(organization_id, config_id);
  drainChannel(c, organization_id, config_id);
  return c.body(null, 204);
});
