import type { Demo } from '../scripts/demo-file.ts';
import type { DemoHub } from '../scripts/demo-hub.ts';
import { requestJson } from '../scripts/json-request.ts';
import { type Filling, fillChats } from './filled-chats.ts';
import { type ListDesk, openListDesk, ROOMS } from './list-desk.ts';

/** A list of chats and the permitted cost of a page. */
type List = {
  name: string;
  /** Below /api/v5. */
  path: string;
  token: string;
  /** Rows that D1 may read for a page with this many results. */
  allowed: (results: number) => number;
};

export type ListReads = {
  chats: number;
  /** The list, and which page of it. */
  list: string;
  results: number;
  d1Trips: number;
  d1RowsRead: number;
  allowedTrips: number;
  allowedRows: number;
};

export function isWithinBounds(reads: ListReads): boolean {
  return reads.d1Trips <= reads.allowedTrips && reads.d1RowsRead <= reads.allowedRows;
}

/** Trips for the list itself. Rooms, visitors, teams, tokens and routing come from the isolate's caches. */
const TRIPS = 1;

/** A page from an index: three rows for each result (index, row, and the chat of a member's row), and a few more. */
const page = (results: number): number => 3 * results + 4;
/** A filter that rarely matches, and chats that two have in common, for which there is no index. */
const rare = (): number => 1000;
/** The newest thousand chats of a user: each costs three rows, sorted. */
const sorted = (): number => 3000;

/** The lists at a desk. Merged ones may read a page for each source. */
function listsOf(desk: ListDesk): List[] {
  const { organizationId, agent, agentOfOneRoom, rooms } = desk;
  const [room = ''] = rooms;
  const list = (name: string, path: string, token: string, allowed: List['allowed'] = page): List => ({
    name,
    path,
    token,
    allowed,
  });
  const ofSources =
    (sources: number) =>
    (results: number): number =>
      sources * page(results);
  const ofOrganization = (name: string, path: string, allowed?: List['allowed']): List =>
    list(name, `orgs/${organizationId}/${path}`, desk.reportsToken, allowed);
  const ofAgent = (name: string, path: string, allowed?: List['allowed']): List =>
    list(name, `users/${agent.id}/${path}`, agent.token, allowed);
  const ofOneRoom = (name: string, path: string): List =>
    list(name, `users/${agentOfOneRoom.id}/${path}`, agentOfOneRoom.token);
  return [
    ofOrganization('owned', 'owned_chats'),
    ofOrganization('owned, oldest first', 'owned_chats?ordering=created_at'),
    ofOrganization('owned, open', 'owned_chats?is_ended=false'),
    ofOrganization('owned, without messages', 'owned_chats?has_messages=false', rare),
    ofOrganization('involved', 'involved_chats'),
    ofOrganization('involved, open', 'involved_chats?is_ended=false'),
    ofOrganization('involved, without messages', 'involved_chats?has_messages=false', rare),
    ofOrganization('routed, with 20 shared rooms', 'routed_chats', ofSources(ROOMS + 1)),
    ofOrganization('routed, with 20 shared rooms, open', 'routed_chats?is_ended=false', ofSources(ROOMS + 1)),
    ofOrganization('routed, with 20 shared rooms, without messages', 'routed_chats?has_messages=false', rare),
    ofOrganization('of a room', `rooms/${room}/chats`),
    ofOrganization('of a room, open', `rooms/${room}/chats?is_ended=false`),
    ofOrganization('of a room, without messages', `rooms/${room}/chats?has_messages=false`, rare),
    ofOrganization('pending of a room', `rooms/${room}/pending_chats`),
    ofOrganization('of a visitor', `rooms/${room}/visitors/${desk.visitorId}/chats`),
    ofOneRoom('routed to a user, 1 room', 'routed_chats'),
    ofOneRoom('pending of a user, 1 room', 'pending_chats'),
    ofAgent('routed to a user, 20 rooms', 'routed_chats', ofSources(ROOMS)),
    ofAgent('pending of a user, 20 rooms', 'pending_chats', ofSources(ROOMS)),
    ofAgent('of a user', 'chats'),
    ofAgent('of a user, participating', 'chats?is_participating=true'),
    ofAgent('of a user, open', 'chats?is_ended=false'),
    ofAgent('of a user, without messages', 'chats?has_messages=false', rare),
    ofAgent('of a user, last changed first', 'chats?ordering=-updated_at', sorted),
    ofAgent('memberships of a user', 'chat_memberships'),
    ofAgent('memberships of a user, participating', 'chat_memberships?is_participating=true'),
    ofAgent('memberships of a visitor', `chats/${desk.chatId}/visitors/${desk.visitorId}/chat_memberships`, rare),
    ofAgent('invitations of a user and their organization', 'incoming_chat_invitations', ofSources(2)),
    ofAgent('invitations, accepted', 'incoming_chat_invitations?is_accepted=true', rare),
  ];
}

/**
 * Rows that D1 reads for the first and the second page of lists of chats, at each of these sizes of the table
 * (ascending). Reads that the isolate caches (tokens, routing, rooms) are not counted.
 */
export async function measureListReads(hub: DemoHub, demo: Demo, sizes: readonly number[]): Promise<ListReads[]> {
  const desk = await openListDesk(demo);
  const database = hub.sideDoor?.database('DB');
  if (database === undefined) throw new Error('the hub was started without a side door');
  const { agent, organizationId: agentOrganizationId } = desk;
  const own: Filling = {
    organizationId: agentOrganizationId,
    roomIds: desk.rooms,
    agentId: agent.id,
    agentOrganizationId,
    visitorId: desk.visitorId,
    series: 0,
  };
  const shared: Filling = {
    ...own,
    organizationId: desk.sharedOwnerId,
    roomIds: desk.sharedRooms,
    visitorId: null,
    series: 1,
  };
  const reads: ListReads[] = [];
  let filled = 0;
  for (const size of sizes) {
    // One chat in ten is in a shared room.
    await fillChats(database, own, { from: filled * 0.9, upTo: size * 0.9 });
    await fillChats(database, shared, { from: filled * 0.1, upTo: size * 0.1 });
    filled = size;
    for (const list of listsOf(desk)) reads.push(...(await readPages(hub, list, size)));
  }
  return reads;
}

/** The first page, and the second if there is one. */
async function readPages(hub: DemoHub, list: List, chats: number): Promise<ListReads[]> {
  const url = `${hub.url}/api/v5/${list.path}`;
  await readPage(url, list.token);
  const first = await readPage(url, list.token);
  const judged = (name: string, { results, d1Trips, d1RowsRead }: PageReads): ListReads => ({
    chats,
    list: name,
    results,
    d1Trips,
    d1RowsRead,
    allowedTrips: TRIPS,
    allowedRows: list.allowed(results),
  });
  const reads = [judged(list.name, first)];
  if (first.next !== null) reads.push(judged(`${list.name}, second page`, await readPage(first.next, list.token)));
  return reads;
}

type PageReads = { next: string | null; results: number; d1Trips: number; d1RowsRead: number };

async function readPage(url: string, token: string): Promise<PageReads> {
  const answer = await requestJson({ method: 'GET', url, token });
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const timing = answer.headers.get('server-timing') ?? '';
  const numbers = /d1;desc="trips=([\d.]+);read=([\d.]+)/.exec(timing);
  if (numbers === null) throw new Error(`${url} reports no D1 rows: ${timing}`);
  const page = answer.body as { next: string | null; results: unknown[] };
  return {
    next: page.next,
    results: page.results.length,
    d1Trips: Number(numbers[1]),
    d1RowsRead: Number(numbers[2]),
  };
}
