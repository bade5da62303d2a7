import { HubLoad } from '../../src/live/hub-load.ts';
import type { PlatformSocket, SocketState } from '../../src/live/live-socket.ts';
import { LiveSocket } from '../../src/live/live-socket.ts';
import type { SocketOwner } from '../../src/live/socket-owner.ts';
import type { Notification, ThreadUpdate } from '../../src/notifications/notifications.ts';

export const ORGANIZATION = '0190a000-0000-7000-8000-0000000000aa';
export const USER = '0190a000-0000-7000-8000-0000000000bb';
export const CHAT = '0190a000-0000-7000-8000-0000000000cc';
export const ROOM = '0190a000-0000-7000-8000-0000000000dd';
export const MESSAGES = `/api/v5/orgs/${ORGANIZATION}/owned_chats/*/messages`;

export const OWNER: SocketOwner = {
  kind: 'user',
  organization_id: ORGANIZATION,
  user_id: USER,
  credential: { kind: 'token', digest: 'd' },
  expires_at: null,
};

export function updateOf(seq: number, text = `message ${seq}`): ThreadUpdate {
  const notification: Notification = {
    kind: 'message',
    action: 'added',
    resource_id: `id-${seq}`,
    resource: { id: `id-${seq}`, text },
    changes: null,
    message_id: null,
    member_id: null,
    inviter_id: null,
  };
  return {
    seq,
    at: 0,
    origin: null,
    is_silent: false,
    place: {
      chat_id: CHAT,
      room: { id: ROOM, organization_id: ORGANIZATION },
      visitor_id: null,
      was_pending: false,
      is_pending: false,
      organization_id: ORGANIZATION,
      users: { open: [], silent: [], before: {} },
      organizations: { open: [], silent: [], before: {} },
    },
    notifications: [notification],
  };
}

/** A platform's socket that records what it was sent. */
export class RecordingSocket implements PlatformSocket {
  readyState = 1;
  readonly sent: string[] = [];
  attachment: SocketState | null = null;
  /** How often the state was serialized. */
  writes = 0;
  closedBy: number | null = null;

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number): void {
    this.readyState = 2;
    this.closedBy = code;
  }

  serializeAttachment(attachment: unknown): void {
    this.writes += 1;
    this.attachment = structuredClone(attachment) as SocketState;
  }

  /** The numbers of the sent notifications, and the types of other frames. */
  get said(): unknown[] {
    return this.sent.map((text) => {
      const { type, number } = JSON.parse(text) as { type: string; number: number };
      return type === 'notifications' ? number : type;
    });
  }
}

export function newSocket(
  position: number,
  owner: SocketOwner = OWNER,
  load = new HubLoad<LiveSocket>(() => {}),
  state: SocketState = {
    id: crypto.randomUUID(),
    position,
    window: [],
    full_since: null,
    heard_at: 0,
    has_begun: false,
    faults: 0,
  },
) {
  const recorder = new RecordingSocket();
  return { recorder, socket: new LiveSocket(recorder, owner, state, load, position) };
}
