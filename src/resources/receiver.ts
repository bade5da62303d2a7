/** Who gets the webhooks: `channel/<channel id>` or `installation/<installation id>`, whatever URLs an installation uses. */
export type Receiver = string;

export function channelReceiver(channelId: string): Receiver {
  return `channel/${channelId}`;
}

/** The channel id of a channel's receiver; null for another kind of receiver. */
export function channelOfReceiver(receiver: Receiver): string | null {
  return receiver.startsWith('channel/') ? receiver.slice('channel/'.length) : null;
}

export function installationReceiver(installationId: string): Receiver {
  return `installation/${installationId}`;
}

/** The installation id of an app installation's receiver; null for another kind of receiver. */
export function installationOfReceiver(receiver: Receiver): string | null {
  return receiver.startsWith('installation/') ? receiver.slice('installation/'.length) : null;
}
