import { createRouter } from '../../http/router.ts';
import { channelSecretRoutes } from './channel-secret.ts';
import { channelThreadRoutes } from './channel-threads.ts';
import { channelRoutes } from './channels.ts';
import { closeSessionRoutes } from './close-session.ts';
import { createMessagesRoutes } from './create-messages.ts';
import { deliveryRoutes } from './deliveries.ts';
import { listEventsRoutes } from './list-events.ts';
import { channelTestRoutes } from './test-channel.ts';

/** The Unified Messaging Interface (UMI documentation), to be mounted at /api/v5. */
export const umiRoutes = createRouter();
umiRoutes.route('/', channelRoutes);
umiRoutes.route('/', channelSecretRoutes);
umiRoutes.route('/', channelTestRoutes);
umiRoutes.route('/', channelThreadRoutes);
umiRoutes.route('/', deliveryRoutes);
umiRoutes.route('/', createMessagesRoutes);
umiRoutes.route('/', closeSessionRoutes);
umiRoutes.route('/', listEventsRoutes);
