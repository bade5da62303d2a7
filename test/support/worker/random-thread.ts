import type { Command } from '../../../src/domain/commands.ts';
import { ENCRYPTION } from '../thread-people.ts';
import { type CommandBody, newUser, newVisitorChat, nextVisitorChat } from './threads.ts';

/** Numbers in [0, 1) that follow from a seed, so that a failure can be reproduced. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A visitor's thread, and random commands to it: messages, tags and members come and go, sessions end and begin. Some
 * commands are refused. `answered` receives the answer to a command, which may have started another session.
 */
export async function newRandomThread(random: () => number) {
  const { thread, chat_id, actor, grant, visitor_id, room } = await newVisitorChat();
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const users = [actor, newUser(actor.organization_id), newUser(room.id)];
  let chat = chat_id;
  const plain = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
  const joins = { is_present: true, must_be_present: false, is_kept_out: false, composing_status: 'idle' } as const;
  const reach = { organization_id: room.organization_id, room_ids: [] };
  const routed = { kind: 'reach' as const, reach, is_pending: false };
  const name = () => pick(['a', 'b', 'c']);
  const said: { id: string; chat_id: string }[] = [];
  const change = () => {
    const { id: message_id, chat_id } = pick(said) ?? { id: chat, chat_id: chat };
    return { by: pick(['user', 'visitor'] as const), chat_id, actor, visitor_id, message_id };
  };
  const commands: (() => CommandBody)[] = [
    () => ({ type: 'post_visitor_message', chat_id: chat, visitor_id, content: { type: 'msg', message: 'v' } }),
    () => ({ type: 'post_message', chat_id: chat, actor, message: 'u', ...plain }),
    () => ({ type: 'edit_message', ...change(), message: name() }),
    () => ({ type: 'delete_message', ...change() }),
    () => ({ type: 'add_tag', chat_id: chat, grant, actor, name: name() }),
    () => ({ type: 'remove_tag', chat_id: pick([chat, chat_id]), grant, actor, name: name() }),
    () => ({
      type: 'join_chat',
      chat_id: chat,
      grant: routed,
      actor: pick(users),
      ...joins,
      is_participating: pick([true, false]),
    }),
    () => ({ type: 'invite', chat_id: chat, actor, invitee: { kind: 'team', id: pick(users).id, name: 'team' } }),
    () => ({
      type: 'change_presence',
      chat_id: chat,
      user_id: pick(users).id,
      is_present: pick([true, false]),
    }),
    () => ({ type: 'update_chat', chat_id: chat, grant, is_ended: random() < 0.5, is_waiting: null }),
    () => ({
      ...nextVisitorChat({ visitor_id, room, actor }, chat),
      lifetime: { idle: 3_600_000, total: null },
      encryption: pick([ENCRYPTION, null]),
    }),
  ];
  return {
    thread,
    chat: () => chat,
    command: () => ({ v: 1, command_id: crypto.randomUUID(), ...pick(commands)() }) as Command,
    answered(answer: object): void {
      if ('message' in answer) said.push({ ...(answer as { message: { id: string } }).message, chat_id: chat });
      else if ('chat' in answer) chat = (answer as { chat: { id: string } }).chat.id;
    },
  };
}
