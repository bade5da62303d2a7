import { expect, vi } from 'vitest';
import type { InboxRow } from '../../../src/console-app/replica/known.ts';
import type { Replica } from '../../../src/console-app/replica/replica.ts';
import { openInvitations, rowsOfView, type ViewQuery, viewPath } from '../../../src/console-app/replica/views.ts';
import type { HubClient } from './hub-client.ts';

type Person = { id: string; token: string };

const FIRST_PAGE = 50;

/** The lists of an agent's inbox, one of each view. */
export const SHOWN_VIEWS: readonly ViewQuery[] = [
  { view: 'waiting', order: 'waiting', room_id: null },
  { view: 'mine', order: 'created', room_id: null },
  { view: 'mentioned', order: 'created', room_id: null },
  { view: 'open', order: 'created', room_id: null },
  { view: 'bot', order: 'created', room_id: null },
  { view: 'closed', order: 'created', room_id: null },
];

/** A request for a list that is not read after a break. Mentions are, since they are not told again. */
export const isForList = (path: string): boolean => /\/inbox\?(?!view=mentioned)/.test(path);

/**
 * How many lists a replica has read in the beginning: with the socket, once more when D1's copy has settled, and before if
 * the socket was late. From then on it reads none, unless it must.
 */
export async function settledLists(replica: Replica, read: () => number): Promise<number> {
  const lists = SHOWN_VIEWS.filter((query) => isForList(viewPath('', query))).length;
  await vi.waitFor(() => expect(replica.getState().live.is).toBe('live'), { timeout: 30_000 });
  await vi.waitFor(() => expect(read()).toBeGreaterThanOrEqual(2 * lists), { timeout: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return read();
}

/** Throws unless the copy is what REST answers: each row of the shown lists, and all that is in the opened chats. */
export async function compareWithRest(replica: Replica, client: HubClient, person: Person): Promise<void> {
  const { known, views, threadLoads, counts } = replica.getState();
  const user = `/api/v5/users/${person.id}`;

  async function listed<Row>(path: string): Promise<Row[]> {
    const rows: Row[] = [];
    let next: string | null = path;
    while (next !== null) {
      const page: { body: unknown } = await client.request('GET', next, undefined, person.token);
      const { results, next: after } = page.body as { results: Row[]; next: string | null };
      rows.push(...results);
      next = after;
    }
    return rows;
  }

  expect(views.size).toBeGreaterThan(0);
  for (const view of views.values()) {
    const { query, next } = view;
    const rows = rowsOfView(known, view).map(asListed);
    const all = await listed(viewPath(person.id, query));
    // A list with a further page shows what comes before it.
    expect([query.view, rows]).toEqual([
      query.view,
      next === null ? all : all.slice(0, Math.max(FIRST_PAGE, rows.length)),
    ]);
  }
  const numbers = await client.request('GET', `${user}/inbox/counts`, undefined, person.token);
  expect(counts).toEqual(numbers.body);

  expect(threadLoads.size).toBeGreaterThan(0);
  for (const id of threadLoads.keys()) {
    expect(threadLoads.get(id)).toEqual({ is: 'ready' });
    const thread = known.threads.get(id);
    const isOwn = known.rows.get(id)?.own.is_participating === true;
    const path = `${user}/${isOwn ? 'chats' : 'routed_chats'}/${id}`;
    expect(thread?.messages).toEqual(await listed(`${path}/messages`));
    expect(sorted(thread?.memberships.values())).toEqual(sorted(await listed(`${path}/memberships`)));
    expect(sorted(thread?.suggestions.values())).toEqual(sorted(await listed(`${path}/reply_suggestions`)));
    const sent = isOwn ? await listed<object>(`${path}/outgoing_chat_invitations`) : [];
    expect(sorted([...(thread?.outgoing.values() ?? [])].map(counted))).toEqual(sorted(sent.map(counted)));
  }

  const invitations = await listed<object>(`${user}/incoming_chat_invitations?is_accepted=false`);
  expect(sorted(openInvitations(known.invitations).map(counted))).toEqual(sorted(invitations.map(counted)));
}

/** Later changes of a chat's counts are not notified with its invitations. */
function counted(invitation: object): object {
  return { ...invitation, user_member_count: 0, visitor_member_count: 0 };
}

/** Lists have no last message of chats between users. */
function asListed(row: InboxRow): InboxRow {
  return row.chat.room_id === null ? { ...row, last_message: null } : row;
}

/** As texts, in one order: which of these comes first says nothing. */
function sorted(entries: Iterable<object> = []): string[] {
  const inOrder = (each: object) =>
    Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)));
  return [...entries].map((each) => JSON.stringify(inOrder(each))).sort();
}
