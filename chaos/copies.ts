import { requestJson } from '../scripts/json-request.ts';
import type { Sent } from './record.ts';

export type Reader = { url: string; token: string; organization: string; channel: string };

type Page = { next: string | null; results: Record<string, unknown>[] };

/** What is wrong with the ledger; null when nothing is. */
export async function ledgerProblem(reader: Reader, accepted: number): Promise<string | null> {
  const ledger = await read(reader, `${channelOf(reader)}/ledger`);
  const wanted = {
    accepted,
    delivered: accepted,
    pending: 0,
    exhausted: 0,
    skipped: { disabled: 0, channel_deleted: 0, purged: 0 },
  };
  return isSame(ledger, wanted) ? null : `the ledger says ${JSON.stringify(ledger)}, ${accepted} were accepted`;
}

/**
 * How many attempts of a webhook were answered too late, by the hub's log: on a busy machine it waits for the
 * processor.
 */
export async function lateAnswers(reader: Reader, webhookId: string): Promise<number> {
  const delivery = await read(reader, `${channelOf(reader)}/deliveries/${webhookId}`);
  return (delivery['attempts'] as { error: string | null }[]).filter(({ error }) => error === 'timeout').length;
}

/**
 * The first difference between D1's lists and the threads' logs (chats with their counts, threads, the delivery log,
 * and events); null for none.
 */
export async function copyProblem(reader: Reader, sent: readonly Sent[]): Promise<string | null> {
  const organization = `${reader.url}/api/v5/orgs/${reader.organization}`;
  const threads = Map.groupBy(sent, ({ thread }) => thread);
  const chats = new Map((await readAll(reader, `${organization}/owned_chats`)).map((chat) => [chat['id'], chat]));
  const listed = await readAll(reader, `${channelOf(reader)}/threads`);
  if (listed.length !== threads.size) return `${listed.length} threads are listed, not ${threads.size}`;
  const users = sent.filter(({ sender }) => sender === 'user');
  const deliveries = await readAll(reader, `${channelOf(reader)}/deliveries`);
  const pending = deliveries.filter(({ status }) => status !== 'delivered').length;
  if (deliveries.length !== users.length) return `${deliveries.length} deliveries are listed, not ${users.length}`;
  if (pending > 0) return `${pending} deliveries are listed as not delivered`;
  for (const [thread, events] of threads) {
    const problem = await threadProblem(reader, thread, events, chats);
    if (problem !== null) return `${thread}: ${problem}`;
  }
  return null;
}

async function threadProblem(
  reader: Reader,
  thread: string,
  events: readonly Sent[],
  chats: ReadonlyMap<unknown, Record<string, unknown>>,
): Promise<string | null> {
  const [chat] = events.map((event) => event.chat);
  const told = await readAll(reader, `${channelOf(reader)}/events?thread_id=${thread}`);
  const seqs = events.filter(({ sender }) => sender === 'user').map(({ seq }) => seq);
  if (
    !isSame(
      told.map(({ seq }) => seq),
      seqs,
    )
  )
    return 'its log has other events than were acknowledged';
  const url = `${reader.url}/api/v5/orgs/${reader.organization}/owned_chats/${chat}`;
  const own = await read(reader, url);
  const listed = chats.get(chat);
  const counts = { user_message_count: seqs.length, visitor_message_count: events.length - seqs.length };
  for (const [name, count] of Object.entries(counts)) {
    if (own[name] !== count) return `its log counts ${String(own[name])} as ${name}, ${count} were acknowledged`;
  }
  if (!isSame(own, listed)) return `the list shows ${JSON.stringify(listed)}, the log ${JSON.stringify(own)}`;
  return null;
}

function channelOf({ url, organization, channel }: Reader): string {
  return `${url}/api/v5/orgs/${organization}/unified_messaging/${channel}`;
}

async function readAll(reader: Reader, url: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  let next: string | null = `${url}${url.includes('?') ? '&' : '?'}page_size=200`;
  while (next !== null) {
    const page: Page = (await read(reader, next)) as Page;
    all.push(...page.results);
    next = page.next;
  }
  return all;
}

async function read(reader: Reader, url: string): Promise<Record<string, unknown>> {
  const answer = await requestJson({ method: 'GET', url, token: reader.token });
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as Record<string, unknown>;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
