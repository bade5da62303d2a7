import type { ThreadRefusal } from '../domain/refusals.ts';
import { fateOf } from '../domain/unanswered.ts';
import { fault } from '../platform/faults.ts';
import type { Removal, RemovalRequest, ThreadStub } from '../rpc/thread.ts';
import { ALARM_WORK } from './alarm.ts';
import type { ThreadObjectContext } from './parts.ts';
import type { Purger } from './purger.ts';
import type { Replica } from './replica/replica.ts';
import { readRemoved, readRemovedMessages, removeThread } from './store/removed.ts';
import type { Lanes } from './webhooks/lanes.ts';

export type RemoverDeps = Pick<ThreadObjectContext, 'ctx' | 'state'> & {
  purger: Purger;
  replica: Replica;
  lanes: Lanes;
};

type Answer = Awaited<ReturnType<ThreadStub['removeUnanswered']>>;

/**
 * Removes a visitor's thread that no user has answered. First a purge tells receivers and live hubs. When they have it, and
 * D1 has the whole log, one transaction removes everything, and the object starts again, with nothing in memory. Until
 * then each call looks again whether the thread still goes.
 */
export class Remover {
  readonly #deps: RemoverDeps;

  constructor(deps: RemoverDeps) {
    this.#deps = deps;
  }

  /** Goes on with the removal. */
  async run(request: RemovalRequest): Promise<Answer> {
    const { ctx, state, purger, replica } = this.#deps;
    const removed = readRemoved(ctx.storage.sql);
    if (removed !== null && request.seq <= removed.seq) {
      return answer({ state: 'removed', upto: removed.seq, at: removed.at });
    }
    if (state().thread?.organization_id !== request.organization_id) return refused({ reason: 'thread_not_found' });
    const kept = this.#whyKept(request);
    if (kept !== null) return answer(kept);
    const { organization_id, chat_id, covers } = request;
    const order = { id: `unanswered/${chat_id}`, organization_id, chat_id: null, covers, before: null };
    const taken = await purger.take({ ...order, upto_chat: chat_id });
    if (!taken.ok) return taken;
    await replica.run(Date.now() + ALARM_WORK);
    return taken.answer.is_done ? await this.#remove(request) : answer({ state: 'working' });
  }

  /** The places in D1 of the next removed messages, above the `seq` `after`. */
  nextMessages(after: number): { places: string[]; upto: number } | null {
    const { storage } = this.#deps.ctx;
    return storage.transactionSync(() => readRemovedMessages(storage.sql, after));
  }

  #whyKept({ chat_id, before }: RemovalRequest): Removal | null {
    const fate = fateOf(this.#deps.state(), chat_id, before);
    return fate === 'goes' ? null : { state: 'kept', is_final: fate === 'never' };
  }

  /** Whether nobody needs the object any more: what receivers and D1 are to get has arrived. */
  get #isReady(): boolean {
    const { purger, replica, lanes } = this.#deps;
    return purger.isIdle && lanes.isIdle && replica.isUpToDate;
  }

  /** The answer after the removal comes from the next instance: the caller asks again. */
  #remove(request: RemovalRequest): Promise<Answer> {
    const { ctx, state, lanes } = this.#deps;
    const { storage } = ctx;
    return ctx.blockConcurrencyWhile(async () => {
      const kept = this.#whyKept(request);
      if (kept !== null) return answer(kept);
      if (!this.#isReady) return answer({ state: 'working' });
      fault('before a removal', () => ctx.abort('fault: before a removal'));
      const { last_seq: seq, last_at } = state();
      const at = Math.max(Date.now(), last_at + 1);
      storage.transactionSync(() => removeThread(storage.sql, { seq, version: lanes.version, at }));
      fault('after a removal', () => ctx.abort('fault: after a removal'));
      await storage.deleteAlarm();
      await storage.sync();
      ctx.abort('the thread was removed');
      return answer({ state: 'removed', upto: seq, at });
    });
  }
}

function answer(removal: Removal): Answer {
  return { ok: true, answer: removal };
}

function refused(refusal: ThreadRefusal): Answer {
  return { ok: false, refusal };
}
