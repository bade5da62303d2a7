/** The frames of a live socket, as they are on the wire (docs/live.md). */

/** A channel that a socket was refused, and why. */
export type RefusedTopic = { channel: string; detail: string };

/** What the hub sends. */
export type HubFrame =
  /** `number`: the end of the log. `time`: when the socket was opened, by the hub's clock (ISO 8601). */
  | { type: 'welcome'; number: number; time: string }
  /** `number`: the added channels get the events after it. */
  | {
      type: 'subscribed';
      channels: readonly string[];
      refused: readonly RefusedTopic[];
      refused_count: number;
      number: number;
    }
  | { type: 'unsubscribed'; channels: readonly string[] }
  /** All notifications of an event. `number` is null for what is not counted: typing. */
  | { type: 'notifications'; number: number | null; notifications: readonly LiveNotification[] }
  /** Events may be missing. The socket goes on after `number`. */
  | { type: 'reset'; number: number }
  /** The socket gets nothing more until it acknowledges. Sent only if the client cannot know that. */
  | { type: 'acknowledge' }
  | { type: 'error'; detail: string };

/** A change of a resource as a subscriber is told of it. */
export type LiveNotification = {
  /** The path of the collection, without placeholders. */
  channel: string;
  action: 'added' | 'changed' | 'removed';
  resource_id: string;
  /** `added`: the whole resource; `changed`: the changed attributes; `removed`: the id. */
  resource: object;
};
