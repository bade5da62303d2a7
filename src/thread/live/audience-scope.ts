import type { Command } from '../../domain/commands.ts';
import type { ChatState, ThreadState } from '../../domain/state.ts';
import type { AudienceScope } from '../../notifications/load-audience.ts';
import { type Invitee, isOpenInvitation } from '../../resources/invitation.ts';

/**
 * The scope of a command: the organizations of the room, the actor, the chat's members and the open invitations may see
 * its result. It has two rooms when the channel of an open session has moved: the session stays in one, the next starts
 * in the other. Null when the thread does not exist and the command opens none. `state` must hold the chat that the
 * command names.
 */
export function scopeOf(state: ThreadState, command: Command): AudienceScope | null {
  const isOpening = 'database' in command;
  if (state.thread === null && !isOpening) return null;
  const chat = chatInScope(state, 'chat_id' in command ? command.chat_id : null);
  const rooms = ['room' in command ? command.room : null, chat?.facts.room ?? null].filter((room) => room !== null);
  const organizations = [
    state.thread?.organization_id,
    'organization_id' in command ? command.organization_id : null,
    ...rooms.map(({ organization_id }) => organization_id),
    'actor' in command ? command.actor?.organization_id : null,
    ...(command.type === 'receive_messages'
      ? [command.host?.user, ...command.messages.map(({ user }) => user)].map((user) => user?.organization_id)
      : []),
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
 * The scope of the command and of the thread as it is. An audience loaded for it also covers the thread's next
 * commands, in case D1 cannot be reached then.
 */
export function scopeWithThread(state: ThreadState, command: Command): AudienceScope | null {
  const one = scopeOf(state, command);
  const other = scopeOfThread(state);
  if (one === null || other === null) return one ?? other;
  return {
    organization_ids: [...new Set([...one.organization_ids, ...other.organization_ids])],
    room_ids: [...new Set([...one.room_ids, ...other.room_ids])],
    database: one.database,
  };
}

/** Whether a scope is part of the one that was loaded. */
export function isWithinScope(scope: AudienceScope | null, asked: AudienceScope | null): boolean {
  if (scope === null) return true;
  if (asked === null) return false;
  const { organization_ids, room_ids } = scope;
  const { organization_ids: organizations, room_ids: rooms } = asked;
  return organization_ids.every((id) => organizations.includes(id)) && room_ids.every((id) => rooms.includes(id));
}

/** Whether a command makes no webhooks for apps: it imports history, or has `skip_webhooks`. */
export function isKeptFromApps(command: Command): boolean {
  if (command.type !== 'receive_messages') return false;
  return command.skip_webhooks || command.messages.some(({ created_at }) => created_at !== null);
}

/** The scope of the thread as it is, without a command. */
export function scopeOfThread(state: ThreadState): AudienceScope | null {
  return scopeOf(state, { v: 1, type: 'end_overdue_chats', command_id: '' });
}

function chatInScope(state: ThreadState, named: string | null): ChatState | undefined {
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
