import type { Demo } from '../scripts/demo-file.ts';
import type { DemoHub } from '../scripts/demo-hub.ts';
import { requestJson } from '../scripts/json-request.ts';
import { fillChats } from './filled-chats.ts';

export type ListReads = {
  chats: number;
  /** Which list, and which page of it. */
  list: string;
  results: number;
  d1Trips: number;
  d1RowsRead: number;
};

/** What a page of 50 may read: each result twice (index and row), and a little for what surrounds them. */
export function allowedRows(reads: ListReads): number {
  return 2 * reads.results + 4;
}

/**
 * Rows that D1 reads for the first and the second page of the lists across chats, at each of these sizes of the table
 * (ascending). Authentication is in the isolate's cache by then and not part of the numbers.
 */
export async function measureListReads(hub: DemoHub, demo: Demo, sizes: readonly number[]): Promise<ListReads[]> {
  const { organization_id: organizationId, room_id: roomId, settings_token: token } = demo.other;
  const database = await hub.miniflare.getD1Database('DB');
  const lists = [`orgs/${organizationId}/owned_chats`, `orgs/${organizationId}/owned_chats?ordering=created_at`];
  const reads: ListReads[] = [];
  let filled = 0;
  for (const size of sizes) {
    await fillChats(database, { organizationId, roomId, from: filled, upTo: size });
    filled = size;
    for (const list of lists) {
      const name = list.slice(list.lastIndexOf('/') + 1);
      const url = `${hub.url}/api/v5/${list}`;
      await readPage(url, token);
      const first = await readPage(url, token);
      reads.push({ chats: size, list: name, ...first.reads });
      if (first.next === null) throw new Error(`${name} has one page only at ${size} chats`);
      const second = await readPage(first.next, token);
      reads.push({ chats: size, list: `${name}, second page`, ...second.reads });
    }
  }
  return reads;
}

type PageReads = { next: string | null; reads: Omit<ListReads, 'chats' | 'list'> };

async function readPage(url: string, token: string): Promise<PageReads> {
  const answer = await requestJson({ method: 'GET', url, token });
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const timing = answer.headers.get('server-timing') ?? '';
  const numbers = /d1;desc="trips=([\d.]+);read=([\d.]+)/.exec(timing);
  if (numbers === null) throw new Error(`${url} says nothing of D1: ${timing}`);
  const page = answer.body as { next: string | null; results: unknown[] };
  return {
    next: page.next,
    reads: { results: page.results.length, d1Trips: Number(numbers[1]), d1RowsRead: Number(numbers[2]) },
  };
}
