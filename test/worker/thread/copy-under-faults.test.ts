import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';
import { type FaultStep, onFault } from '../../../src/faults.ts';
import { commandThread, threadStub } from '../../../src/stubs.ts';
import type { Command } from '../../../src/thread/commands.ts';
import { type CommandBody, newUser, newVisitorChat } from './fixtures.ts';
import { dumpCopy } from './rich-history.ts';

afterEach(() => {
  onFault(null);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Numbers in [0, 1) that follow from a seed, so that a failure can be seen again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const STEPS: FaultStep[] = ['projector before D1', 'projector after D1', 'before acknowledgement'];

for (const seed of [1, 2, 3, 4]) {
  test(`a copy that was made through faults is the one that a rebuild makes (${seed})`, async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const random = randomFrom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const { thread, chat_id, actor, grant, visitor_id, room } = await newVisitorChat();
    const users = [actor, newUser(actor.organization_id), newUser(room.id)];
    let chat = chat_id;
    const plain = { selected_reply_suggestion_id: null, attachments: [], attachment_template: null };
    const joins = { is_present: true, must_be_present: false, is_kept_out: false, composing_status: 'idle' } as const;
    const reach = { organization_id: room.organization_id, room_ids: [] };
    const routed = { kind: 'reach' as const, reach, is_pending: false };
    const name = () => pick(['a', 'b', 'c']);
    const commands: (() => CommandBody)[] = [
      () => ({ type: 'post_visitor_message', chat_id: chat, visitor_id, content: { type: 'msg', message: 'v' } }),
      () => ({ type: 'post_message', chat_id: chat, actor, message: 'u', ...plain }),
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
        type: 'open_visitor_chat',
        chat_id: chat,
        identity: null,
        visitor_id,
        visitor_name: null,
        database: 'DB',
        organization_id: room.organization_id,
        room,
        is_private: false,
        chat_type: 'visitor',
        lifetime: { idle: 3_600_000, total: null },
        actor,
        is_present: true,
        is_kept_out: false,
      }),
    ];
    onFault((step, crash) => {
      if (!STEPS.includes(step) || random() > 0.3) return;
      if (random() < 0.3) crash();
      throw new Error('fault');
    });
    let accepted = 0;
    for (let turn = 0; turn < 80; turn++) {
      const command = { v: 1, command_id: crypto.randomUUID(), ...pick(commands)() } as Command;
      // The Worker's own retry; a second crash in a row is the client's to repeat.
      const executed = await commandThread(env, thread, command).catch(() => null);
      const result = executed?.result;
      if (result?.ok === true) accepted += 1;
      if (result?.ok === true && command.type === 'open_visitor_chat') {
        chat = (result.answer as { chat: { id: string } }).chat.id;
      }
      if (random() < 0.1) await evictDurableObject(env.THREADS.getByName(thread)).catch(() => null);
      // Lets what is backing off try again.
      if (random() < 0.3) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5000 });
    }
    onFault(null);
    expect(accepted).toBeGreaterThan(30);
    for (let ring = 0; ring < 3; ring++) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 });
      await runDurableObjectAlarm(env.THREADS.getByName(thread));
    }
    const lived = await dumpCopy();
    expect(lived.chats.some((row) => (row as { id: string }).id === chat)).toBe(true);
    expect(await threadStub(env, thread).rebuild({ v: 1 })).toEqual({ ok: true });
    expect(await dumpCopy()).toEqual(lived);
  });
}
