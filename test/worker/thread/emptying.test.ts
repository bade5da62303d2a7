import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { emptyingStatements } from '../../../src/projections/rebuild-statements.ts';

/** How D1 finds the rows that the first slice of a rebuild deletes. */
async function plansOf(thread_id: string | null): Promise<string[]> {
  const empties = { chat_ids: ['c'], receivers: ['installation/i'], thread_id };
  const statements = emptyingStatements(0, 't', { number: 1, seq: 1, empties });
  const deleting = statements.filter(({ sql }) => sql.startsWith('DELETE'));
  const plans = deleting.map(async ({ sql, parameters }) => {
    const steps = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters);
    const { results } = await steps.all<{ detail: string }>();
    return results.map(({ detail }) => detail).join('\n');
  });
  return await Promise.all(plans);
}

it.each([
  ['of a channel', 'order-17', 'deliveries_by_thread (receiver=? AND thread_id=?)'],
  ['without a thread_id', null, 'deliveries_without_thread_id (thread=?)'],
])('a rebuild finds the rows of a thread %s without reading those of others', async (_, threadId, index) => {
  const plans = await plansOf(threadId);
  expect(plans).toHaveLength(10);
  expect(plans.at(-1)).toContain(index);
  for (const plan of plans) expect(plan).not.toMatch(/SCAN (?!json_each)/);
});
