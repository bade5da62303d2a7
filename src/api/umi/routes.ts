import { findChannelOrDeleted } from '../../directory/channels.ts';
import { organizationDatabase } from '../../http/app-environment.ts';
import { createRouter } from '../../http/router.ts';
import { channelReceiver } from '../../resources/receiver.ts';
import { channelSettings } from '../access.ts';
import { channelLog } from '../deliveries/delivery.ts';
import { deliveryRoutesOf } from '../deliveries/routes.ts';
import { channelSecretRoutes } from './channel-secret.ts';
import { channelThreadRoutes } from './channel-threads.ts';
import { channelRoutes } from './channels.ts';
import { closeSessionRoutes } from './close-session.ts';
import { createMessagesRoutes } from './create-messages.ts';
import { listEventsRoutes } from './list-events.ts';
import { organizationDeliveryRoutes } from './organization-deliveries.ts';
import { CHANNEL, CHANNEL_NOT_FOUND, channelPath } from './paths.ts';
import { reportStatusRoutes } from './report-status.ts';
import { channelTestRoutes } from './test-channel.ts';

/** The webhooks of a channel. The log of a deleted channel stays readable, but its webhooks cannot be replayed. */
const channelDeliveryRoutes = deliveryRoutesOf({
  nameOf: (verb, noun) => `${verb}Channel${noun}`,
  tag: 'Deliveries',
  access: channelSettings,
  path: CHANNEL,
  params: channelPath,
  receiver: 'a channel',
  outlives: 'the channel is deleted',
  shape: channelLog,
  notFound: CHANNEL_NOT_FOUND,
  findLog: async (c, { organization_id, config_id }) => {
    const channel = await findChannelOrDeleted(organizationDatabase(c), organization_id, config_id);
    if (channel === null) return null;
    const can_replay = channel.deleted_at === null;
    return { receiver: channelReceiver(channel.id), organization_id, can_replay, shows_bodies: true };
  },
});

/** The Unified Messaging Interface (UMI documentation), to be mounted at /api/v5. */
export const umiRoutes = createRouter();
umiRoutes.route('/', channelRoutes);
umiRoutes.route('/', channelSecretRoutes);
umiRoutes.route('/', channelTestRoutes);
umiRoutes.route('/', channelThreadRoutes);
umiRoutes.route('/', channelDeliveryRoutes);
umiRoutes.route('/', organizationDeliveryRoutes);
umiRoutes.route('/', createMessagesRoutes);
umiRoutes.route('/', reportStatusRoutes);
umiRoutes.route('/', closeSessionRoutes);
umiRoutes.route('/', listEventsRoutes);
