import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, vi } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import type { Command, MessageChanged, PostMessage } from '../../../src/domain/commands.ts';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import type { MessageFacts } from '../../../src/resources/message.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { breakAt, sendUntilAnswered } from '../../support/worker/break-at.ts';
import { passTime } from '../../support/worker/clock.ts';
import {
  allRooms,
  execute,
  newChannel,
  newUser,
  readMessages,
  receive,
  receiveCommand,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

/** A telephone system's session, whose gateway is told of changes, with a question and two answers. */
async function session() {
  const channel = newChannel();
  const actor = newUser(channel.organizationId);
  const identity = { kind: 'channel', channel_id: channel.channelId, thread_id: 't', has_short_name: true } as const;
  const line = { orgid: '10000000000000000001', userid: '10000000000000000002', extension: '9003', contact: '555' };
  const { routing } = receiveCommand(channel, 't', []);
  const told = { ...routing, dialect: 'rpc' as const, echo_user_messages: false, line };
  const question = receiveCommand(channel, 't', [visitorMessage('question')], { identity, routing: told });
  const { chat_id } = await receive(question);
  const thread = threadName(identity);
  const reach = { organization_id: channel.organizationId, room_ids: [] };
  const joins = { is_present: true, must_be_present: false, is_kept_out: false, is_participating: true } as const;
  const grant = { kind: 'reach', reach, is_pending: false } as const;
  await execute(thread, { type: 'join_chat', chat_id, grant, actor, ...joins, composing_status: 'idle' });
  const post: Omit<PostMessage, 'v' | 'command_id' | 'message'> = {
    type: 'post_message',
    chat_id,
    actor,
    rooms: allRooms(channel.organizationId),
    selected_reply_suggestion_id: null,
    attachments: [],
    attachment_template: null,
  };
  const { message } = await execute(thread, { ...post, message: 'first' });
  await execute(thread, { ...post, message: 'second' });
  return { channel, actor, thread, chat_id, message };
}

type Session = Awaited<ReturnType<typeof session>>;

/** What changes the first answer, what it is then, and what the gateway is told. */
const CHANGES: Record<string, { change: (of: Session) => object; is: Partial<MessageFacts>; told: string[] }> = {
  'an edit': {
    change: ({ actor, chat_id, message }) => {
      return { type: 'edit_message', by: 'user', chat_id, actor, message_id: message.id, message: 'changed' };
    },
    is: { message: 'changed', edited_at: expect.any(Number) },
    told: ['updated'],
  },
  'a deletion': {
    change: ({ actor, chat_id, message }) => {
      return { type: 'delete_message', by: 'user', chat_id, actor, message_id: message.id };
    },
    is: { message: null, deleted_at: expect.any(Number) },
    told: ['deleted'],
  },
  'a report': {
    change: ({ channel, chat_id, message }) => {
      const report = { type: 'report_message_status', status: 'failed', at: null, reason: 'no such number' };
      return { ...report, channel_id: channel.channelId, chat_id, message_id: message.id };
    },
    is: { status: { state: 'failed', failure_reason: 'no such number', delivered_at: null, read_at: null } },
    told: [],
  },
  'a report of all': {
    change: ({ channel, chat_id }) => {
      const report = { type: 'report_message_status', status: 'read', at: null, reason: null };
      return { ...report, channel_id: channel.channelId, chat_id, message_id: null };
    },
    is: { status: { state: 'read', failure_reason: null, delivered_at: null, read_at: expect.any(Number) } },
    told: [],
  },
};

const STEPS: FaultStep[] = [
  'before commit',
  'after commit',
  'projector before D1',
  'projector after D1',
  'before acknowledgement',
  'before answer',
];

describe.each(Object.entries(CHANGES))('%s of a message', (_, { change, is, told }) => {
  for (const step of STEPS) {
    testAlarm(
      `whose thread or projector crashes ${step} is made once, answered alike, told once and copied`,
      async (ring) => {
        const opened = await session();
        const { thread, chat_id, actor, message } = opened;
        const before = await stored(opened);
        const fault = breakAt(step, 1, 'crash');
        const command = { v: 1, command_id: crypto.randomUUID(), ...change(opened) } as Command;
        const answer = (await sendUntilAnswered(command, thread)) as MessageChanged;
        await vi.waitFor(() => expect(fault.passed()).toBe(1));
        onFault(null);
        if ('message_id' in command && command.message_id !== null) {
          expect(answer.message).toEqual({ ...message, ...is });
        }
        expect(await sendUntilAnswered(command, thread)).toEqual(answer);
        const [, , first] = (await readMessages(thread, chat_id, actor)).messages;
        expect(first?.message).toEqual({ ...message, ...is });
        const after = await stored(opened);
        const isAll = 'message_id' in command && command.message_id === null;
        expect(after.changes.slice(before.changes.length)).toHaveLength(isAll ? 2 : 1);
        expect(after.webhooks.slice(before.webhooks.length)).toEqual(told);
        expect(after.accepted).toBe(after.webhooks.length);
        await ringUntilCopied(ring, opened, first?.message);
      },
    );
  }
});

/** What the object has stored: its changes of messages, and the gateway's webhooks. */
function stored({ thread }: Session) {
  return runInDurableObject(env.THREADS.getByName(thread), (_, { storage: { sql } }) => ({
    changes: sql
      .exec("SELECT type FROM events WHERE type IN ('message_edited', 'message_deleted', 'message_status_changed')")
      .toArray(),
    webhooks: Array.from(
      sql.exec<{ event_type: string }>('SELECT event_type FROM deliveries ORDER BY id'),
      ({ event_type }) => event_type,
    ),
    accepted: sql.exec<{ accepted: number }>('SELECT accepted FROM lanes').one().accepted,
  }));
}

/** Rings the thread's alarm, each time five minutes later, until D1 has the message as it is, and once. */
async function ringUntilCopied(
  ring: Ring,
  { thread, chat_id }: Session,
  message: MessageFacts | undefined,
): Promise<void> {
  for (let rings = 0; rings < 20; rings++) {
    const { results } = await env.DB.prepare('SELECT facts FROM messages WHERE chat_id = ? AND place = ?')
      .bind(chat_id, message?.id ?? '')
      .all<{ facts: string }>();
    if (results.length === 1 && results[0]?.facts === JSON.stringify(message)) return;
    passTime(301_000);
    await ring(env.THREADS.getByName(thread));
  }
  throw new Error('the alarm does not bring the copy up to date');
}
