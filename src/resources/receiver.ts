/**
 * A receiver of webhooks: `channel/<channel id>` or `installation/<installation id>`, whatever URLs an installation
 * uses.
 */
export type Receiver = string;

/** The receiver of a channel. */
export function channelReceiver(channelId: string): Receiver {
  return `channel/${channelId}`;
}

/** The channel id of a channel's receiver; null for any other receiver. */
export function channelOfReceiver(receiver: Receiver): string | null {
  return receiver.startsWith('channel/') ? receiver.slice('channel/'.length) : null;
}

/** The receiver of an app's installation. */
export function installationReceiver(installationId: string): Receiver {
  return `installation/${installationId}`;
}

/** The installation id of an installation's receiver; null for any other receiver. */
export function installationOfReceiver(receiver: Receiver): string | null {
  return receiver.startsWith('installation/') ? receiver.slice('installation/'.length) : null;
}
