import { hasHadInstallation } from '../../directory/installations.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import type { AppRouter } from '../../http/router.ts';
import { installationReceiver } from '../../resources/receiver.ts';
import { installedLog } from '../deliveries/delivery.ts';
import { deliveryRoutesOf } from '../deliveries/routes.ts';
import { type Door, INSTALLATION_NOT_FOUND, installationPath } from './door.ts';

/**
 * What the apps that an organization has installed were sent about it: when, where and with what result. What exactly was
 * sent, and with which secrets, is between the hub and the owner of the app.
 */
export function installationDeliveryRoutesOf(door: Door): AppRouter {
  return deliveryRoutesOf({
    nameOf: (verb, noun) => door.nameOf(`${verb}Installation${noun}`),
    tag: door.tag,
    access: door.writers,
    path: `${door.organization}/app_installations/{installation_id}`,
    params: installationPath,
    receiver: 'an app that the organization has installed',
    outlives: 'the app is uninstalled or deleted',
    shape: installedLog,
    isReadOnly: true,
    notFound: INSTALLATION_NOT_FOUND,
    findLog: async (c, { organization_id, installation_id }) => {
      const isKnown = await hasHadInstallation(identityDatabase(c), organization_id, installation_id);
      const receiver = installationReceiver(installation_id);
      return isKnown ? { receiver, organization_id, can_replay: false, shows_bodies: false } : null;
    },
  });
}
