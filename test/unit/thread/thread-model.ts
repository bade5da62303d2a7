import { newUuid } from '../../../src/resources/uuid.ts';
import { threadName } from '../../../src/thread/address.ts';
import type { Command, ReceiveMessages } from '../../../src/thread/commands.ts';
import type { Decision } from '../../../src/thread/decide/outcome.ts';
import { decide } from '../../../src/thread/decide.ts';
import type { ThreadEvent } from '../../../src/thread/events.ts';
import { emptyThread, type ThreadState } from '../../../src/thread/state.ts';

export const IDENTITY = {
  kind: 'channel',
  channel_id: '018f0000-0000-7000-8000-000000000001',
  thread_id: 't',
} as const;
export const ORGANIZATION = '018f0000-0000-7000-8000-000000000002';
export const ROOM = { id: '018f0000-0000-7000-8000-000000000003', name: 'Support', organization_id: ORGANIZATION };
export const NAME = threadName(IDENTITY);

/**
 * A thread held wholly in memory, with the same contract as the object's shell: time never runs against `seq`, and the state
 * that `decide` gets holds everything, where the object loads only what a command can touch.
 */
export class ThreadModel {
  state: ThreadState = emptyThread(NAME);
  readonly log: ThreadEvent[] = [];
  #clock: number;

  constructor(startsAt: number) {
    this.#clock = startsAt;
  }

  execute(command: Command, pause = 1): Decision {
    this.#clock += pause;
    const now = Math.max(this.#clock, this.state.last_at + 1);
    const recent = [...this.state.chats.values()].flatMap((chat) => chat.recent_commands);
    const seq = recent.find(([id]) => id === command.command_id)?.[1];
    const state = { ...this.state, answered: seq === undefined ? null : (this.log[seq - 1] ?? null) };
    const decision = decide(state, command, {
      command_id: command.command_id,
      now,
      newMappingId: () => newUuid(now),
      newVisitorId: () => crypto.randomUUID().replaceAll('-', ''),
    });
    if (decision.ok) this.#keep(decision);
    return decision;
  }

  #keep(decision: Extract<Decision, { ok: true }>): void {
    const received = new Map(this.state.received);
    for (const each of decision.received) received.set(each.key, each);
    const messages = new Set(this.state.messages);
    for (const event of decision.events) if (event.type === 'message_added') messages.add(event.message.id);
    this.log.push(...decision.events);
    this.state = { ...decision.state, received, messages, answered: null };
  }
}

export function receiveCommand(more: Partial<ReceiveMessages>): ReceiveMessages {
  return {
    v: 1,
    type: 'receive_messages',
    command_id: crypto.randomUUID(),
    identity: IDENTITY,
    database: 'DB',
    organization_id: ORGANIZATION,
    room: ROOM,
    routing: {
      receiver: `channel/${IDENTITY.channel_id}`,
      channel_id: IDENTITY.channel_id,
      thread_id: IDENTITY.thread_id,
      messaging_channel: 'email',
      echo_user_messages: true,
    },
    messages: [],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables: {},
    ...more,
  };
}
