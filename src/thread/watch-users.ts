import { type Command, newCommandId } from '../domain/commands.ts';
import { openChat, type ThreadState } from '../domain/state.ts';
import type { Timers } from '../platform/timers.ts';
import { memberStub } from '../rpc/user.ts';
import { PresenceWatch } from './presence-watch.ts';
import { deleteWatch, readWatches, writeWatch } from './store/watches.ts';

/** What the watch of a thread's object needs of it. */
export type WatchingThread = {
  env: Env;
  sql: SqlStorage;
  timers: Timers;
  state: () => ThreadState;
  execute: (command: Command) => Promise<unknown>;
  background: (work: Promise<unknown>) => void;
  failed: (error: unknown) => void;
};

/** The watch of a thread's object: it asks the objects of users and visitors, and keeps what they confirm in the thread's own rows. */
export function watchUsers({ env, sql, timers, state, execute, background, failed }: WatchingThread): PresenceWatch {
  return new PresenceWatch({
    watch: ({ user_id, organization_id, chat_id, is_present }) =>
      memberStub(env, user_id).watch({ v: 1, owner: { user_id, organization_id }, chat_id, is_present }),
    unwatch: (userId, chat_id) => memberStub(env, userId).unwatch({ v: 1, chat_id }),
    read: () => readWatches(sql),
    write: (userId, chatId) => writeWatch(sql, userId, chatId),
    delete: (userId) => deleteWatch(sql, userId),
    recorded: (userId, chatId) => {
      const chat = openChat(state());
      const member = chat?.facts.id === chatId ? chat.members.get(userId)?.facts : undefined;
      return member?.is_participating === true ? member.is_present : null;
    },
    correct: async (user_id, chat_id, is_present) => {
      await execute({ v: 1, type: 'change_presence', command_id: newCommandId(), chat_id, user_id, is_present });
    },
    timers,
    background,
    failed,
  });
}
