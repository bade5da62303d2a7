import type { Concerned } from '../audience/load-audience.ts';
import type { Command } from '../domain/commands.ts';
import type { ChatState, ThreadState } from '../domain/state.ts';
import { type Invitee, isOpenInvitation } from '../resources/invitation.ts';

/**
 * Whom a command to a thread concerns: the organizations of the room, of the actor, of the chat's members and of whom it is open to by
 * invitation. Two rooms when the channel of an open session has moved: the session stays, the next one begins in the other. Null when
 * it cannot lead to anything: the thread does not exist and the command opens none. The state must hold the chat that the command names.
 */
export function concernedBy(state: ThreadState, command: Command): Concerned | null {
  const isOpening = 'database' in command;
  if (state.thread === null && !isOpening) return null;
  const chat = concernedChat(state, 'chat_id' in command ? command.chat_id : null);
  const rooms = ['room' in command ? command.room : null, chat?.facts.room ?? null].filter((room) => room !== null);
  const organizations = [
    state.thread?.organization_id,
    'organization_id' in command ? command.organization_id : null,
    ...rooms.map(({ organization_id }) => organization_id),
    'actor' in command ? command.actor?.organization_id : null,
    ...(command.type === 'receive_messages' ? command.messages.map(({ user }) => user?.organization_id) : []),
    command.type === 'invite' ? organizationOf(command.invitee) : null,
    ...(chat === undefined ? [] : organizationsOf(chat)),
  ];
  return {
    organization_ids: [...new Set(organizations.filter((id) => id !== null && id !== undefined))],
    room_ids: [...new Set(rooms.map(({ id }) => id))],
    database: isOpening ? command.database : (state.thread?.database ?? 'DB'),
  };
}

/**
 * The same for the command and for the thread as it is: what is known of who listens then stands for the thread's next commands too,
 * should nobody be able to say it anew.
 */
export function concernedWithThread(state: ThreadState, command: Command): Concerned | null {
  const one = concernedBy(state, command);
  const other = concernedNow(state);
  if (one === null || other === null) return one ?? other;
  return {
    organization_ids: [...new Set([...one.organization_ids, ...other.organization_ids])],
    room_ids: [...new Set([...one.room_ids, ...other.room_ids])],
    database: one.database,
  };
}

/** Whether everybody whom something concerns is among those who were asked for. */
export function areAllAmong(concerned: Concerned | null, asked: Concerned | null): boolean {
  if (concerned === null) return true;
  if (asked === null) return false;
  const { organization_ids, room_ids } = concerned;
  const { organization_ids: organizations, room_ids: rooms } = asked;
  return organization_ids.every((id) => organizations.includes(id)) && room_ids.every((id) => rooms.includes(id));
}

/** Whether no app is told of a command: what it brings is history, or is not to be told (DESIGN, "Imports"; README, `skip_webhooks`). */
export function isKeptFromApps(command: Command): boolean {
  if (command.type !== 'receive_messages') return false;
  return command.skip_webhooks || command.messages.some(({ created_at }) => created_at !== null);
}

/** Whom the thread concerns as it is, without a command. */
export function concernedNow(state: ThreadState): Concerned | null {
  return concernedBy(state, { v: 1, type: 'end_overdue_chats', command_id: '' });
}

function concernedChat(state: ThreadState, named: string | null): ChatState | undefined {
  const current = state.thread?.current_chat_id;
  return (
    (named === null ? undefined : state.chats.get(named)) ??
    (current === undefined ? undefined : state.chats.get(current))
  );
}

function organizationsOf({ members, invitations }: ChatState): (string | null)[] {
  const open = [...invitations.values()].filter(({ facts }) => isOpenInvitation(facts));
  return [
    ...[...members.values()].map(({ facts }) => facts.organization_id),
    ...open.map(({ facts }) => organizationOf(facts.invitee)),
  ];
}

function organizationOf({ kind, id, organization_id }: Invitee): string | null {
  return organization_id ?? (kind === 'organization' ? id : null);
}
