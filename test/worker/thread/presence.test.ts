import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { onFault } from '../../../src/platform/faults.ts';
import type { UserFacts } from '../../../src/resources/user.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { eventually } from '../../support/eventually.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { alarmOf, allRooms, execute, newUser, newVisitorChat, read } from '../../support/worker/threads.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Gives a user a client, so that they are present for an hour. */
async function comeOnline({ id, organization_id }: UserFacts): Promise<void> {
  const owner = { user_id: id, organization_id };
  await userStub(env, id).createClient({ v: 1, owner, changes: { presence_expires_in: 3600 } });
}

const watched = async (user: UserFacts) => (await userStub(env, user.id).presence({ v: 1 })).current_chat_count;
const objectAt = (thread: string) => env.THREADS.getByName(thread);

const involved = ({ organization_id }: UserFacts) => ({ kind: 'involved' as const, organization_id });

/** Replaces users' objects, for this thread, by ones that do not answer until the test makes them fail. */
async function replaceUsers(thread: string) {
  let asked = 0;
  let isFailing = false;
  const meet = () =>
    runInDurableObject(objectAt(thread), (instance) => {
      const inside = instance as unknown as { env: Env };
      // Checks again and again: a promise may only be settled by the object that made it.
      const watch = async () => {
        asked += 1;
        while (!isFailing) await scheduler.wait(5);
        throw new Error('Network connection lost.');
      };
      vi.spyOn(inside.env.USERS, 'getByName').mockReturnValue({ watch, unwatch: async () => {} } as never);
    });
  await meet();
  const fail = () => {
    isFailing = true;
  };
  return { asked: () => asked, fail, meet };
}

type Opened = Awaited<ReturnType<typeof newVisitorChat>>;

async function isPresent({ thread, chat_id, grant }: Opened, user: UserFacts): Promise<boolean | undefined> {
  const { members } = await read(thread, { v: 1, type: 'read_members', chat_id, grant });
  return members.find(({ member_id }) => member_id === user.id)?.is_present;
}

describe('the presence of a participating user', () => {
  test('is reported by their object from the commit on, and no longer once they have left', async () => {
    const opened = await newVisitorChat();
    const { thread, chat_id, actor } = opened;
    await eventually(async () => expect(await watched(actor)).toBe(1));
    // The command said that the user is present, but they have no client.
    await eventually(async () => expect(await isPresent(opened, actor)).toBe(false));
    await comeOnline(actor);
    await eventually(async () => expect(await isPresent(opened, actor)).toBe(true));
    const leaves = { is_present: true, is_participating: false, composing_status: null, last_seen_at: null };
    await execute(thread, { type: 'update_membership', chat_id, actor, ...leaves });
    await eventually(async () => expect(await watched(actor)).toBe(0));
  });

  test('is no longer reported once the chat has ended', async () => {
    const opened = await newVisitorChat();
    const { thread, chat_id, actor, grant } = opened;
    await eventually(async () => expect(await watched(actor)).toBe(1));
    await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
    await eventually(async () => expect(await watched(actor)).toBe(0));
  });

  testAlarm('is corrected when the thread is lost between the commit and the call', async (ring) => {
    const opened = await newVisitorChat();
    const { thread, chat_id, actor } = opened;
    await eventually(async () => expect(await watched(actor)).toBe(1));
    const colleague = newUser(actor.organization_id);
    await comeOnline(colleague);
    const users = await replaceUsers(thread);
    const joins = {
      must_be_present: false,
      is_kept_out: false,
      is_participating: true,
      composing_status: 'idle',
    } as const;
    // Absent, as the Worker saw the user a moment before they became present.
    await execute(thread, {
      type: 'join_chat',
      chat_id,
      grant: { ...involved(actor), reach: allRooms(actor.organization_id).reach },
      actor: colleague,
      is_present: false,
      ...joins,
    });
    expect(users.asked()).toBe(1);
    users.fail();
    await evictDurableObject(objectAt(thread));
    vi.restoreAllMocks();
    expect(await watched(colleague)).toBe(0);
    expect(await isPresent(opened, colleague)).toBe(false);
    passTime(31_000);
    await ring(objectAt(thread));
    await eventually(async () => expect(await watched(colleague)).toBe(1));
    await eventually(async () => expect(await isPresent(opened, colleague)).toBe(true));
  });

  testAlarm(
    'is requested by the alarm until the user’s object answers, without delaying the commands',
    async (ring) => {
      const opened = await newVisitorChat();
      const { thread, chat_id, visitor_id, actor } = opened;
      await eventually(async () => expect(await watched(actor)).toBe(1));
      // As after a crash before the call.
      await userStub(env, actor.id).unwatch({ v: 1, chat_id });
      await runInDurableObject(objectAt(thread), (_, { storage }) => storage.sql.exec('DELETE FROM watches'));
      await evictDurableObject(objectAt(thread));
      const users = await replaceUsers(thread);
      const content = { type: 'msg', message: 'x' } as const;
      await execute(thread, { type: 'post_visitor_message', chat_id, visitor_id, content });
      expect(users.asked()).toBe(0);
      passTime(31_000);
      await ring(objectAt(thread), users.meet);
      // One call for the user and one for the visitor.
      expect(users.asked()).toBe(2);
      const lines: string[] = [];
      vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
      await execute(thread, { type: 'post_visitor_message', chat_id, visitor_id, content });
      // No user's object has answered yet.
      expect(lines).toEqual([]);
      users.fail();
      await eventually(() => expect(lines.join()).toContain('watch_failed'));
      expect(await alarmOf(objectAt(thread))).not.toBeNull();
      vi.restoreAllMocks();
      passTime(61_000);
      await ring(objectAt(thread));
      await eventually(async () => expect(await watched(actor)).toBe(1));
    },
  );
});

test('a plain message asks nobody to watch', async () => {
  const opened = await newVisitorChat();
  const { thread, chat_id, visitor_id, actor } = opened;
  await eventually(async () => expect(await watched(actor)).toBe(1));
  await eventually(async () => expect(await isPresent(opened, actor)).toBe(false));
  let asked = 0;
  await runInDurableObject(objectAt(thread), (instance) => {
    const inside = instance as unknown as { env: Env };
    const original = inside.env.USERS.getByName.bind(inside.env.USERS);
    vi.spyOn(inside.env.USERS, 'getByName').mockImplementation((name) => {
      asked += 1;
      return original(name);
    });
  });
  const content = { type: 'msg', message: 'x' } as const;
  await execute(thread, { type: 'post_visitor_message', chat_id, visitor_id, content });
  expect(asked).toBe(0);
});

test('a user’s object whose reports a chat does not need is told so', async () => {
  const { thread, chat_id, actor, grant } = await newVisitorChat();
  await execute(thread, { type: 'update_chat', chat_id, grant, is_ended: true, is_waiting: null });
  const { result } = await threadStub(env, thread).execute({
    v: 1,
    type: 'change_presence',
    command_id: 'x',
    chat_id,
    user_id: actor.id,
    is_present: false,
  });
  expect(result).toEqual({ ok: true, answer: { is_watched: false }, is_repeat: false });
});
