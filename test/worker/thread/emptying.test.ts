import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { emptyingTransactions, ROWS_DELETED_AT_ONCE } from '../../../src/read-model/rebuild-statements.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { writeBatches } from '../../support/worker/batches.ts';

const GHOSTS = 2 * ROWS_DELETED_AT_ONCE + 1;

function batchOf(thread: string, chatId: string): D1PreparedStatement[] {
  const [batch, ...others] = emptyingTransactions(thread, { number: 1, chat_ids: [chatId] });
  expect(others).toEqual([]);
  return (batch ?? []).map(({ sql, parameters }) => env.DB.prepare(sql).bind(...parameters));
}

async function insertGhosts(chatId: string): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < ?2)
     INSERT INTO members (chat_id, member_id, seq, facts) SELECT ?1, 'ghost ' || n, 99999, '{}' FROM place`,
  )
    .bind(chatId, GHOSTS)
    .run();
}

const membersOf = (chatId: string) =>
  env.DB.prepare('SELECT count(*) AS count FROM members WHERE chat_id = ?').bind(chatId).first('count');

it('deleting the replica of a thread deletes a limited number of rows at a time, found by keys and indexes', async () => {
  const thread = '0000000000000000abd';
  const chat_id = newUuid(Date.now());
  const other = newUuid(Date.now());
  await env.DB.prepare(`INSERT INTO members (chat_id, member_id, seq, facts) VALUES (?, 'm', 1, '{}')`)
    .bind(other)
    .run();
  await insertGhosts(chat_id);
  for (const { sql } of emptyingTransactions(thread, { number: 1, chat_ids: [chat_id] }).flat()) {
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(thread, 1, '["c"]').all<{ detail: string }>();
    for (const { detail } of plan.results) expect(detail).not.toMatch(/^SCAN (?!json_each)/);
  }
  const deleted: number[] = [];
  for (let isDone = false; !isDone; ) {
    const results = await env.DB.batch(batchOf(thread, chat_id));
    const changes = results.map(({ meta }) => meta.changes);
    deleted.push(Math.max(...changes));
    isDone = changes.every((count) => count === 0);
  }
  expect(deleted).toEqual([ROWS_DELETED_AT_ONCE, ROWS_DELETED_AT_ONCE, 1, 0]);
  expect(await membersOf(chat_id)).toBe(0);
  expect(await membersOf(other)).toBe(1);
});

it('a projector deletes in portions before it writes the first rows of a rebuild, once for each number', async () => {
  const thread = '0000000000000000abc';
  const chat_id = newUuid(Date.now());
  await insertGhosts(chat_id);
  const row = JSON.stringify([chat_id, 'somebody', 1, 1, 0, {}]);
  const first = {
    v: 4 as const,
    thread,
    rows: { members: [row] },
    size: 100,
    rebuild: { number: 5, chat_ids: [chat_id] },
  };
  await writeBatches([first]);
  expect(await membersOf(chat_id)).toBe(1);
  // A repeated batch, and one of an older rebuild, must not delete what was written since.
  await writeBatches([{ v: 4, thread, rows: { members: [row.replace('somebody', 'another')] }, size: 100 }]);
  await writeBatches([first]);
  await writeBatches([{ ...first, rebuild: { number: 4, chat_ids: [chat_id] } }]);
  expect(await membersOf(chat_id)).toBe(2);
});
