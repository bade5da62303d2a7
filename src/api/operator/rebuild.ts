import { z } from '@hono/zod-openapi';
import { databasesOf } from '../../db/database.ts';
import { inParallel } from '../../delivery/in-parallel.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { decodeCursor, encodeCursor } from '../../http/cursor.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { listThreadNames } from '../../read-model/thread-register.ts';
import { type ThreadStub, threadStub, threadStubById } from '../../rpc/thread.ts';
import { operator } from '../access.ts';
import { defineRoute } from '../define-route.ts';

/** Most threads that are rebuilt at the same time, and in one request. */
const AT_ONCE = 5;
const IN_A_REQUEST = 20;
/** After this time (ms) a request starts no further thread. */
const REQUEST_TIME = 20_000;

const ORDERING = 'rebuild';
const cursorKey = z.tuple([z.int().min(0), z.string()]);

const failureSchema = z.object({
  thread: z.string().openapi({ description: 'Name or id of the thread’s object' }),
  error: z.enum(['thread_not_found', 'not_copied_yet', 'newer_version', 'failed']).openapi({
    description:
      'thread_not_found: the object holds no thread. not_copied_yet: the database has not taken all rows yet, and the thread ' +
      'goes on by itself. newer_version: try again after the rollout. failed: an accident; the log has the error.',
  }),
});

type Failure = z.infer<typeof failureSchema>;

const postRebuild = defineRoute({
  operationId: 'adminRebuildChats',
  method: 'post',
  path: '/rebuild',
  tag: 'Administration',
  access: operator,
  summary: 'Rebuild the copy of the chats',
  description:
    'Rebuilds the rows of the next threads of the register from their logs. Call it again with `next` as `cursor` until ' +
    '`next` is null. With `ids`, the threads with these Durable Object ids instead, for when the register is lost. A thread that fails stops no other one, and the call can be repeated.',
  request: {
    body: bodyOf(
      z
        .object({
          cursor: z.string().nullish(),
          ids: z
            .array(z.string().regex(/^[0-9a-f]{64}$/, 'Must be 64 hexadecimal digits.'))
            .max(IN_A_REQUEST)
            .optional(),
        })
        .openapi('AdminRebuild'),
    ),
  },
  refusals: [404],
  answers: {
    200: jsonOf(
      z
        .object({ rebuilt: z.int(), failed: z.array(failureSchema), next: z.string().nullable() })
        .openapi('AdminRebuilt'),
      'What was rebuilt',
    ),
  },
});

export const rebuildRoutes = createRouter();

rebuildRoutes.openapi(postRebuild, async (c) => {
  const { cursor, ids } = c.req.valid('json');
  if (ids !== undefined) return c.json({ ...count(await rebuildObjects(c, ids)), next: null }, 200);
  const from = cursor == null ? null : decodeCursor(cursor, ORDERING, cursorKey);
  if (cursor != null && from === null) {
    return refuse(c, { reason: 'invalid', fields: { cursor: ['Invalid cursor.'] } });
  }
  const [place, after] = from === null ? [0, ''] : cursorKey.parse(from.key);
  const { outcomes, next } = await rebuildFrom(c, place, after);
  return c.json({ ...count(outcomes), next }, 200);
});

function count(outcomes: readonly (Failure | null)[]): { rebuilt: number; failed: Failure[] } {
  const failed = outcomes.filter((outcome) => outcome !== null);
  return { rebuilt: outcomes.length - failed.length, failed };
}

/**
 * Rebuilds the next threads of the register: those after the name `after` in the database at index `place`, then those
 * of the next database.
 */
async function rebuildFrom(
  c: AppContext,
  place: number,
  after: string,
): Promise<{ outcomes: (Failure | null)[]; next: string | null }> {
  const databases = [...databasesOf(c.env, c.var.cost).values()];
  const deadline = Date.now() + REQUEST_TIME;
  const outcomes: (Failure | null)[] = [];
  let at = { place, after };
  while (outcomes.length < IN_A_REQUEST && Date.now() < deadline) {
    const database = databases[at.place];
    if (database === undefined) return { outcomes, next: null };
    const names = await listThreadNames(database, at.after, AT_ONCE);
    outcomes.push(
      ...(await inParallel(names, AT_ONCE, (name) => rebuildThread(c, name, () => threadStub(c.env, name)))),
    );
    const last = names.at(-1);
    at = last === undefined ? { place: at.place + 1, after: '' } : { place: at.place, after: last };
  }
  return { outcomes, next: encodeCursor({ ordering: ORDERING, direction: 'next', key: [at.place, at.after] }) };
}

function rebuildObjects(c: AppContext, ids: readonly string[]): Promise<(Failure | null)[]> {
  return inParallel(ids, AT_ONCE, (id) => rebuildThread(c, id, () => threadStubById(c.env, id)));
}

/**
 * Rebuilds a thread. Answers why it could not be rebuilt; null when it was. A failure does not stop the other threads.
 */
async function rebuildThread(c: AppContext, thread: string, stubOf: () => ThreadStub | null): Promise<Failure | null> {
  try {
    const stub = stubOf();
    if (stub === null) return { thread, error: 'thread_not_found' };
    c.var.cost.thread.calls += 1;
    const rebuilt = await stub.rebuild({ v: 1 });
    return rebuilt.ok ? null : { thread, error: rebuilt.reason };
  } catch (error) {
    writeLog('error', 'rebuild_failed', { thread, error: errorText(error) });
    return { thread, error: 'failed' };
  }
}
