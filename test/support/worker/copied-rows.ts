import { env } from 'cloudflare:workers';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { d1With } from './organization-database.ts';

/** The tables of D1 that requests to the hub write to. */
const TABLES = [
  'threads',
  'visitors',
  'visitor_variables',
  'chats',
  'members',
  'involvements',
  'messages',
  'tags',
  'invitations',
  'canned_replies',
  'conversation_starters',
  'deliveries',
  'lanes',
];

/** A count takes at most this long (ms) on an idle machine. */
const USUAL = 20;

/**
 * The number of rows in each of these tables, once no more arrive: an object goes on with some work after its answer.
 * The slower the machine is, the longer this waits.
 */
export async function countRows(): Promise<Record<string, number>> {
  for (let before = await countNow(); ; ) {
    await scheduler.wait(Math.min(1000, Math.max(5, 4 * (before.milliseconds - USUAL))));
    const now = await countNow();
    if (JSON.stringify(now.rows) === JSON.stringify(before.rows)) return now.rows;
    before = now;
  }
}

async function countNow(): Promise<{ rows: Record<string, number>; milliseconds: number }> {
  const begin = performance.now();
  await writeCollected(env);
  const counted = Map.groupBy(TABLES, d1With);
  const rows: Record<string, number> = {};
  for (const [d1, tables] of counted) {
    const results = await d1.batch<{ count: number }>(
      tables.map((table) => d1.prepare(`SELECT count(*) AS count FROM ${table}`)),
    );
    for (const [place, table] of tables.entries()) rows[table] = results[place]?.results[0]?.count ?? -1;
  }
  return { rows, milliseconds: performance.now() - begin };
}
