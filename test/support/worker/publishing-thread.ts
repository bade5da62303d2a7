import { env } from 'cloudflare:workers';
import type { Notification, ThreadUpdate, Visibility } from '../../../src/notifications/notifications.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { PublishRequest } from '../../../src/rpc/live-hub.ts';
import { liveHubStub, organizationHub, visitorHub } from '../../../src/rpc/live-hub.ts';

let threads = 0;

/** A thread with one chat that publishes to a hub as threads do. */
export class PublishingThread {
  readonly thread: string;
  readonly hub: string;
  readonly place: Visibility;
  #seq = 0;

  private constructor(hub: string, place: Partial<Visibility> & { room: Visibility['room'] }) {
    threads += 1;
    this.thread = `thread-${threads}`;
    this.hub = hub;
    this.place = {
      chat_id: newUuid(Date.now()),
      visitor_id: null,
      was_pending: false,
      is_pending: false,
      organization_id: '',
      users: { open: [], silent: [], before: {} },
      organizations: { open: [], silent: [], before: {} },
      ...place,
    };
  }

  static ofOrganization(organization_id: string, place: Partial<Visibility> = {}): PublishingThread {
    const room = { id: newUuid(Date.now()), organization_id };
    return new PublishingThread(organizationHub(organization_id), { room, ...place });
  }

  static ofVisitor(visitor_id: string, organization_id: string): PublishingThread {
    const room = { id: newUuid(Date.now()), organization_id };
    return new PublishingThread(visitorHub(visitor_id), { room, visitor_id });
  }

  get chatId(): string {
    return this.place.chat_id;
  }

  /** The update of the thread's next event: a message, unless other notifications are given. */
  update(text: string, more: Partial<ThreadUpdate> = {}): ThreadUpdate {
    this.#seq += 1;
    return {
      seq: this.#seq,
      at: Date.now(),
      origin: null,
      is_silent: false,
      place: this.place,
      notifications: [message(this.chatId, text)],
      ...more,
    };
  }

  publish(entries: ThreadUpdate[], more: Partial<PublishRequest> = {}) {
    const feed = { v: 1, hub: this.hub, thread: this.thread, entries, upto: this.#seq, ...more } as PublishRequest;
    return liveHubStub(env, this.hub).feed(feed);
  }

  /** Publishes a message. Answers its id. */
  async say(text: string): Promise<string> {
    const update = this.update(text);
    await this.publish([update]);
    return update.notifications[0]?.resource_id ?? '';
  }
}

export function message(chat_id: string, text: string): Notification {
  const id = newUuid(Date.now());
  return {
    kind: 'message',
    action: 'added',
    resource_id: id,
    resource: { id, chat_id, message: text },
    changes: null,
    message_id: null,
    member_id: null,
    inviter_id: null,
  };
}

/** The notification of a changed chat. */
export function chat(id: string, changes: object | null): Notification {
  return {
    ...message(id, ''),
    kind: 'chat',
    action: changes === null ? 'added' : 'changed',
    resource_id: id,
    resource: { id, is_ended: false, message_count: 7 },
    changes,
  };
}
