import type { Command } from './commands.ts';
import type { ThreadState } from './state.ts';

/** Whom a thread concerns, so that they may be told of it: organizations, the room whose partners are concerned too, and its database. */
export type Concerned = { organization_ids: string[]; room_id: string | null; database: string };

/**
 * Whom a command to a thread concerns: the organizations of the room, of the actor and of the chat's members. Null when it cannot lead
 * to anything: the thread does not exist and the command opens none. The state must hold the chat that the command names.
 */
export function concernedBy(state: ThreadState, command: Command): Concerned | null {
  const isOpening = 'database' in command;
  if (state.thread === null && !isOpening) return null;
  const named = 'chat_id' in command ? command.chat_id : null;
  const chat = concernedChat(state, named);
  const room = 'room' in command ? command.room : (chat?.facts.room ?? null);
  const ids = new Set<string>();
  if (state.thread !== null) ids.add(state.thread.organization_id);
  if ('organization_id' in command) ids.add(command.organization_id);
  if (room !== null) ids.add(room.organization_id);
  if ('actor' in command && command.actor !== null) ids.add(command.actor.organization_id);
  for (const { facts } of chat?.members.values() ?? [])
    if (facts.organization_id !== null) ids.add(facts.organization_id);
  const database = isOpening ? command.database : (state.thread?.database ?? 'DB');
  return { organization_ids: [...ids], room_id: room?.id ?? null, database };
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

function concernedChat(state: ThreadState, named: string | null) {
  const current = state.thread?.current_chat_id;
  return (
    (named === null ? undefined : state.chats.get(named)) ??
    (current === undefined ? undefined : state.chats.get(current))
  );
}
