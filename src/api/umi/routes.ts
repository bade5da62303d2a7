import { createRouter } from '../../http/router.ts';
import { channelSecretRoutes } from './channel-secret.ts';
import { channelThreadRoutes } from './channel-threads.ts';
import { channelRoutes } from './channels.ts';
import { registerCloseSession } from './close-session.ts';
import { registerCreateMessages } from './create-messages.ts';
import { deliveryRoutes } from './deliveries.ts';
import { registerListEvents } from './list-events.ts';
import { channelTestRoutes } from './test-channel.ts';

/** The Unified Messaging Interface (seed 000), to be mounted at /api/v5. */
export const umiRoutes = createRouter();
umiRoutes.route('/', channelRoutes);
umiRoutes.route('/', channelSecretRoutes);
umiRoutes.route('/', channelTestRoutes);
umiRoutes.route('/', channelThreadRoutes);
umiRoutes.route('/', deliveryRoutes);
registerCreateMessages(umiRoutes);
registerCloseSession(umiRoutes);
registerListEvents(umiRoutes);
