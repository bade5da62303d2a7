/**
 * Who gets webhooks: a channel, an app of one's own, an app of others that is installed here (`app`), or an app of one's
 * own that is installed in another organization (`elsewhere`).
 */
export type Receiver = {
  readonly kind: 'channel' | 'own_app' | 'app' | 'elsewhere';
  /** Of the channel or the installation. */
  readonly id: string;
  readonly name: string;
  /** The path below which its log is. */
  readonly log: string;
  /** Where a channel's webhooks go now; null when unknown, and for apps, whose attempts name it. */
  readonly url: string | null;
  /** The path of the app, if one's own organization has made it. */
  readonly app: string | null;
  /** Most attempts of a webhook, without replays; null when unknown. */
  readonly attempts: number | null;
};

/** The receiver with an id. One that is not listed is a channel: of another interface, or deleted. Their logs stay. */
export function receiverWith(receivers: readonly Receiver[], organizationId: string, id: string): Receiver {
  const listed = receivers.find((each) => each.id === id);
  const log = `/api/v5/orgs/${organizationId}/unified_messaging/${id}`;
  return listed ?? { kind: 'channel', id, name: 'A channel', log, url: null, app: null, attempts: null };
}

/** Whether the organization may send its webhooks again: what an app of others was sent is the app's. */
export const canReplay = ({ kind }: Receiver): boolean => kind !== 'app';
