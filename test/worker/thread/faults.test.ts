import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import type { PostMessage, ReceiveMessages } from '../../../src/domain/commands.ts';
import { type FaultStep, onFault } from '../../../src/platform/faults.ts';
import type { ChatGrant } from '../../../src/resources/chat-grant.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { type Ring, testAlarm } from '../../support/worker/alarm.ts';
import { breakAt, sendUntilAnswered } from '../../support/worker/break-at.ts';
import { passTime } from '../../support/worker/clock.ts';
import {
  allRooms,
  type Channel,
  memberGrant,
  nameOf,
  newChannel,
  newUser,
  objectOf,
  read,
  readMessages,
  receive,
  receiveCommand,
  userMessage,
  visitorMessage,
} from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

function threadOf(command: ReceiveMessages): string {
  return threadName(command.identity);
}

async function copiedMessages(chatId: string): Promise<{ id: string }[]> {
  const { results } = await env.DB.prepare('SELECT place AS id FROM messages WHERE chat_id = ? ORDER BY seq')
    .bind(chatId)
    .all<{ id: string }>();
  return results;
}

/** Rings the thread's alarm, each time five minutes later, until D1 has this many of the chat's messages. */
async function ringUntilCopied(ring: Ring, channel: Channel, chatId: string, count: number): Promise<string[]> {
  for (let rings = 0; rings < 20; rings++) {
    const rows = await copiedMessages(chatId);
    if (rows.length >= count) return rows.map(({ id }) => id);
    passTime(301_000);
    await ring(objectOf(channel));
  }
  throw new Error('the alarm does not bring the copy up to date');
}

const STEPS: FaultStep[] = [
  'before commit',
  'after commit',
  'projector before D1',
  'projector after D1',
  'before acknowledgement',
  'before answer',
];

describe('a message whose thread or projector crashes', () => {
  for (const step of STEPS) {
    testAlarm(`${step}: is stored once, answered on the repeat, and reaches D1`, async (ring) => {
      const channel = newChannel();
      const opening = await receive(receiveCommand(channel, 't', [visitorMessage('first', 'm-1')]));
      const fault = breakAt(step, 1, 'crash');
      const command = receiveCommand(channel, 't', [visitorMessage('second', 'm-2')]);
      const answer = await sendUntilAnswered(command, threadOf(command));
      expect(fault.passed()).toBe(1);
      expect(answer).toMatchObject({ chat_id: opening.chat_id, is_new_session: false, messages_created: 1 });
      onFault(null);
      const repeat = await receive({ ...command, command_id: crypto.randomUUID() });
      expect(repeat).toMatchObject({ message_ids: (answer as typeof repeat).message_ids, is_repeat: true });
      const copied = await ringUntilCopied(ring, channel, opening.chat_id, 2);
      expect(copied).toEqual([...opening.message_ids, ...repeat.message_ids]);
    });

    testAlarm(`${step}: a user's message is not doubled by the Worker's retry`, async (ring) => {
      const channel = newChannel();
      const user = newUser(channel.organizationId);
      const opening = await receive(receiveCommand(channel, 't', [visitorMessage('first'), userMessage('auto', user)]));
      const fault = breakAt(step, 1, 'crash');
      const command: PostMessage = {
        v: 1,
        type: 'post_message',
        command_id: crypto.randomUUID(),
        chat_id: opening.chat_id,
        actor: user,
        rooms: allRooms(channel.organizationId),
        message: 'reply',
        selected_reply_suggestion_id: null,
        attachments: [],
        attachment_template: null,
      };
      const name = nameOf(channel);
      await sendUntilAnswered(command, name);
      expect(fault.passed()).toBe(1);
      onFault(null);
      const { messages } = await readMessages(name, opening.chat_id, user);
      expect(messages.map(({ message }) => message.message)).toEqual(['first', 'auto', 'reply']);
      await ringUntilCopied(ring, channel, opening.chat_id, 3);
    });
  }

  test('a refused transaction leaves no gap in seq', async () => {
    const channel = newChannel();
    await receive(receiveCommand(channel, 't', [visitorMessage('first')]));
    breakAt('before commit', 1, 'error');
    const lost = receiveCommand(channel, 't', [visitorMessage('lost')]);
    const failure = await threadStub(env, threadOf(lost))
      .execute(lost)
      .then(
        () => null,
        (error: Error) => error.message,
      );
    expect(failure).toContain('network connection lost');
    const next = await receive(receiveCommand(channel, 't', [visitorMessage('next')]));
    expect(next.seqs).toEqual([5]);
  });
});

describe('an outage of D1', () => {
  testAlarm('does not delay answers, and the replica follows when D1 is back', async (ring) => {
    const channel = newChannel();
    const fault = breakAt('projector before D1', Number.POSITIVE_INFINITY, 'error');
    const first = await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    const second = await receive(receiveCommand(channel, 't', [visitorMessage('two')]));
    expect(fault.passed()).toBeGreaterThan(0);
    expect(second.chat_id).toBe(first.chat_id);
    expect(await copiedMessages(first.chat_id)).toEqual([]);
    onFault(null);
    const copied = await ringUntilCopied(ring, channel, first.chat_id, 2);
    expect(copied).toEqual([...first.message_ids, ...second.message_ids]);
  });

  test('a transaction after a failed one succeeds', async () => {
    const failing = newChannel();
    breakAt('projector before D1', 1, 'error');
    await receive(receiveCommand(failing, 't', [visitorMessage('one')]));
    const others = Array.from({ length: 20 }, newChannel);
    const answers = await Promise.all(
      others.map((channel) => receive(receiveCommand(channel, 't', [visitorMessage('x')]))),
    );
    for (const answer of answers) expect(await copiedMessages(answer.chat_id)).toHaveLength(1);
  });

  testAlarm(
    'the flags of a chat are right in D1 although the batch that changed them was never acknowledged',
    async (ring) => {
      const channel = newChannel();
      const user = newUser(channel.organizationId);
      const { chat_id } = await receive(receiveCommand(channel, 't', [visitorMessage('question')]));
      // D1 gets the answer, which ends the waiting, but the thread does not learn that.
      breakAt('before acknowledgement', 1, 'error');
      await receive(receiveCommand(channel, 't', [userMessage('answer', user)]));
      onFault(null);
      await receive(receiveCommand(channel, 't', [visitorMessage('another question')]));
      await ringUntilCopied(ring, channel, chat_id, 3);
      const chat = await env.DB.prepare('SELECT is_waiting, is_pending FROM chats WHERE id = ?').bind(chat_id).first();
      expect(chat).toEqual({ is_waiting: 1, is_pending: 1 });
    },
  );

  testAlarm('a batch that arrives late or twice changes nothing', async (ring) => {
    const channel = newChannel();
    const user = newUser(channel.organizationId);
    const opening = await receive(receiveCommand(channel, 't', [visitorMessage('one'), userMessage('two', user)]));
    // The acknowledgement is lost, so the same batch is sent again after more has happened.
    breakAt('before acknowledgement', 1, 'error');
    await receive(receiveCommand(channel, 't', [visitorMessage('three')], { variables: { username: 'Jane' } }));
    onFault(null);
    await receive(receiveCommand(channel, 't', [visitorMessage('four')], { close_session: true }));
    await ringUntilCopied(ring, channel, opening.chat_id, 4);
    const chat = await env.DB.prepare('SELECT is_ended, seq FROM chats WHERE id = ?').bind(opening.chat_id).first();
    const grant: ChatGrant = memberGrant(user);
    const query = { v: 1, type: 'read_members', chat_id: opening.chat_id, grant } as const;
    const { members: views } = await read(nameOf(channel), query);
    const view = views.map(({ composing_status: _typing, ...member }) => member);
    expect(chat).toMatchObject({ is_ended: 1 });
    const members = await env.DB.prepare('SELECT facts FROM members WHERE chat_id = ?')
      .bind(opening.chat_id)
      .all<{ facts: string }>();
    const byId = (a: { member_id: string }, b: { member_id: string }) => (a.member_id < b.member_id ? -1 : 1);
    expect(members.results.map(({ facts }) => JSON.parse(facts)).sort(byId)).toEqual([...view].sort(byId));
  });
});
