import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Command } from '../../../src/domain/commands.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import type { ReplicaBatch } from '../../../src/rpc/projector.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { ReplicatedFlags } from '../../../src/thread/replica/chat-flags.ts';
import { readNextBatch } from '../../../src/thread/replica/next-batch.ts';
import { RecentEvents } from '../../../src/thread/replica/recent-events.ts';
import { loadThread } from '../../../src/thread/store/load.ts';
import { writeBatches } from '../../support/worker/batches.ts';
import { setClock } from '../../support/worker/clock.ts';
import {
  allRooms,
  type CommandBody,
  execute,
  newChannel,
  newUser,
  newVisitorChat,
  objectOf,
  receive,
  receiveCommand,
  visitorMessage,
} from '../../support/worker/threads.ts';

const HOUR = 3_600_000;

// Half past, so that no chat's end passes a full hour within a test.
beforeEach(() => {
  setClock(Math.ceil(Date.now() / HOUR) * HOUR + HOUR / 2);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function rowsOf(sql: string, ...parameters: unknown[]) {
  const { results } = await env.DB.prepare(sql)
    .bind(...parameters)
    .all();
  return results;
}

async function costOf(thread: string, command: CommandBody) {
  const whole = { v: 1, command_id: crypto.randomUUID(), ...command } as Command;
  return (await threadStub(env, thread).execute(whole)).cost;
}

/** A user whose own object says that they are present. */
async function presentUser() {
  const user = newUser(newUuid(Date.now()));
  const owner = { user_id: user.id, organization_id: user.organization_id };
  await userStub(env, user.id).createClient({ v: 1, owner, changes: { presence_expires_in: 3600 } });
  return user;
}

const plain = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };

describe('the replica of a chat', () => {
  test('has the columns that lists filter by, from the beginning to the end', async () => {
    const { thread, chat_id, chat, actor, grant } = await newVisitorChat({ lifetime: { idle: HOUR, total: null } });
    const partner = newUser(newUuid(Date.now()));
    const joins = { is_present: true, must_be_present: false, is_kept_out: false, composing_status: 'idle' } as const;
    const reach = { organization_id: actor.organization_id, room_ids: [] };
    const routed = { kind: 'reach' as const, reach, is_pending: false };
    const join = { type: 'join_chat' as const, chat_id, grant: routed, ...joins };
    await execute(thread, { ...join, actor: partner, is_participating: false });
    await execute(thread, { ...join, actor: newUser(partner.organization_id), is_participating: true });
    const chats = () =>
      rowsOf('SELECT seq, chat_type, is_ended, is_pending, overdue_after FROM chats WHERE id = ?', chat_id);
    const members = (isParticipating: 0 | 1) =>
      rowsOf(
        'SELECT member_id, is_ended FROM members WHERE chat_id = ? AND is_participating = ? ORDER BY member_id',
        chat_id,
        isParticipating,
      );
    const involvements = () =>
      rowsOf('SELECT organization_id, is_ended FROM involvements WHERE chat_id = ? ORDER BY 1', chat_id);
    const organizations = [actor.organization_id, partner.organization_id].sort();
    const end = Math.ceil((chat.created_at + HOUR) / HOUR) * HOUR;
    expect(await chats()).toMatchObject([{ chat_type: 'visitor', is_ended: 0, is_pending: 0, overdue_after: end }]);
    expect(await members(1)).toHaveLength(3);
    expect(await members(0)).toEqual([{ member_id: partner.id, is_ended: 0 }]);
    expect(await involvements()).toEqual(organizations.map((organization_id) => ({ organization_id, is_ended: 0 })));

    await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
    expect(await chats()).toMatchObject([{ is_ended: 1, is_pending: 0, overdue_after: null }]);
    expect((await members(1)).map(({ is_ended }) => is_ended)).toEqual([1, 1, 1]);
    expect(await members(0)).toEqual([{ member_id: partner.id, is_ended: 1 }]);
    expect(await involvements()).toEqual(organizations.map((organization_id) => ({ organization_id, is_ended: 1 })));
  });

  test('follows tags that are added, removed and added again, even when an old batch comes late', async () => {
    const { thread, chat_id, actor, grant } = await newVisitorChat();
    const tags = async () =>
      (await rowsOf('SELECT name FROM tags WHERE chat_id = ? AND facts IS NOT NULL ORDER BY name', chat_id)).map(
        ({ name }) => name,
      );
    const tag = { chat_id, grant, actor };
    for (const name of ['a', 'b']) await execute(thread, { type: 'add_tag', ...tag, name });
    const older = await wholeBatch(thread);
    await execute(thread, { type: 'remove_tag', ...tag, name: 'a' });
    expect(await tags()).toEqual(['b']);
    await writeBatches([older]);
    expect(await tags()).toEqual(['b']);
    await execute(thread, { type: 'remove_tag', ...tag, name: 'b' });
    await execute(thread, { type: 'add_tag', ...tag, name: 'b' });
    const newer = await wholeBatch(thread);
    // Both in one batch, in either order.
    for (const batches of [
      [older, newer],
      [newer, older],
    ]) {
      for (const table of ['chats WHERE id', 'tags WHERE chat_id']) {
        await env.DB.prepare(`DELETE FROM ${table} = ?`).bind(chat_id).run();
      }
      await writeBatches(batches);
      expect(await tags()).toEqual(['b']);
    }
  });

  test('is the newest of the rows in a batch, whatever D1 has and in whatever order they arrive', async () => {
    const { thread, chat_id, actor, grant, room, visitor_id } = await newVisitorChat({ actor: await presentUser() });
    const rooms = allRooms(room.organization_id);
    const says = { type: 'post_visitor_message', chat_id, visitor_id } as const;
    const attends = { type: 'update_membership', chat_id, actor, rooms, is_present: true, last_seen_at: null } as const;
    const batches: ReplicaBatch[] = [];
    // Waiting, pending, no longer so, ended: flags come back to what they were.
    for (const command of [
      { ...says, content: { type: 'msg', message: 'one' } },
      { ...attends, composing_status: null, is_participating: false },
      { ...attends, composing_status: null, is_participating: true },
      { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null },
    ] satisfies CommandBody[]) {
      await execute(thread, command);
      batches.push(await wholeBatch(thread));
    }
    const isPending = batches.map(({ rows }) => JSON.parse(rows.chats?.[0] ?? '[]')[9]);
    expect(isPending).toEqual([0, 1, 0, 0]);
    const writeAnew = async (...batches: ReplicaBatch[][]) => {
      await env.DB.prepare('DELETE FROM chats WHERE id = ?').bind(chat_id).run();
      for (const batch of batches) await writeBatches(batch);
      return await rowsOf('SELECT * FROM chats WHERE id = ?', chat_id);
    };
    const alone: unknown[] = [];
    for (const batch of batches) alone.push(await writeAnew([batch]));
    for (const [first, known] of batches.entries()) {
      for (const [one, batch] of batches.entries()) {
        for (const [other, next] of batches.entries()) {
          const rows = await writeAnew([known], [batch, next]);
          expect([first, one, other, rows]).toEqual([first, one, other, alone[Math.max(first, one, other)]]);
        }
      }
    }
    // After a rebuild has deleted the row, one without flags may replace it with old ones: the rebuild's own row
    // corrects them.
    const [, pending, , ended] = batches;
    if (pending === undefined || ended === undefined) throw new Error('no batches');
    const { chats = [], ...rest } = ended.rows;
    const withoutFlags: ReplicaBatch = { ...ended, rows: { ...rest, chats_with_known_flags: chats } };
    expect(await writeAnew([pending], [withoutFlags])).toMatchObject([{ is_ended: 0, is_pending: 1 }]);
    expect(await writeAnew([pending], [withoutFlags], [ended])).toEqual(alone[3]);
  });
});

describe('a plain message', () => {
  test('writes no index of the replica while an agent is present, whether an agent or a visitor sends it', async () => {
    const actor = await presentUser();
    const { thread, chat_id, visitor_id } = await newVisitorChat({ actor });
    const says = { type: 'post_visitor_message', chat_id, visitor_id } as const;
    const answers = { type: 'post_message', chat_id, actor, message: 'there', ...plain } as const;
    await execute(thread, { ...says, content: { type: 'msg', message: 'first' } });
    for (const [command, waiting] of [
      [answers, 0],
      [{ ...says, content: { type: 'msg', message: 'x' } }, 1],
      [answers, 0],
    ] as const) {
      const cost = await costOf(thread, command);
      expect(cost.d1.rowsWritten).toBe(2);
      expect(cost.thread.rowsWritten).toBe(2);
      expect(await rowsOf('SELECT is_waiting FROM chats WHERE id = ?', chat_id)).toEqual([{ is_waiting: waiting }]);
    }
  });

  test('writes none when the object has just started and does not know what D1 has', async () => {
    const { thread, chat_id, visitor_id } = await newVisitorChat({ actor: await presentUser() });
    const says = { type: 'post_visitor_message', chat_id, visitor_id } as const;
    await execute(thread, { ...says, content: { type: 'msg', message: 'first' } });
    await evictDurableObject(env.THREADS.getByName(thread));
    const cost = await costOf(thread, { ...says, content: { type: 'msg', message: 'second' } });
    expect(cost.d1.rowsWritten).toBe(2);
    const [row] = await rowsOf('SELECT seq, is_waiting, facts FROM chats WHERE id = ?', chat_id);
    expect(JSON.parse(String(row?.['facts']))).toMatchObject({ visitor_message_count: 2 });
  });

  test('to a warm object runs one query and writes three rows', async () => {
    const channel = newChannel();
    await receive(receiveCommand(channel, 't', [visitorMessage('one')]));
    const asked: string[] = [];
    await runInDurableObject(objectOf(channel), (_, { storage }) => {
      const { sql } = storage;
      const exec = sql.exec.bind(sql);
      vi.spyOn(sql, 'exec').mockImplementation(((query: string, ...bindings: unknown[]) => {
        asked.push(query.trim().split(/\s/)[0] ?? '');
        return exec(query, ...bindings);
      }) as typeof sql.exec);
    });
    await receive(receiveCommand(channel, 't', [visitorMessage('two')]));
    expect(asked.sort()).toEqual(['INSERT', 'INSERT', 'INSERT', 'SELECT']);
  });
});

/** The whole log of a thread in one batch, as a replica that starts again would send it. */
function wholeBatch(thread: string): Promise<ReplicaBatch> {
  return runInDurableObject(env.THREADS.getByName(thread), (_, { storage }) => {
    const { state } = loadThread(storage.sql, thread);
    const latest = { seq: state.last_seq, version: 0 };
    const memory = { tail: new RecentEvents(), flags: new ReplicatedFlags() };
    const read = readNextBatch(
      { sql: storage.sql, state, ...memory, latest, rebuild: null, isNarrow: false },
      { seq: 0, version: 0 },
    );
    if (read === null || read.batch === null || read.upto.seq < latest.seq)
      throw new Error('the log is more than a batch');
    return read.batch;
  });
}
