import type { Demo } from '../scripts/demo-file.ts';
import type { DemoUser } from '../scripts/demo-organizations.ts';
import { type JsonRequest, requestJson } from '../scripts/json-request.ts';

/** Rooms and users for each list of chats. All but `sharedRooms` belong to the demo's other organization. */
export type ListDesk = {
  organizationId: string;
  /** Token of a user with the scope `reports`. */
  reportsToken: string;
  rooms: string[];
  /** Rooms of the demo's first organization, shared with the other one. */
  sharedOwnerId: string;
  sharedRooms: string[];
  /** Routed to all of `rooms`, one by one, because the organization has a room that is not routed to them. */
  agent: DemoUser;
  /** Routed to the first of `rooms`. */
  agentOfOneRoom: DemoUser;
  /** A visitor of the first of `rooms`, and their only chat with a thread; the agent is a member of it. */
  visitorId: string;
  chatId: string;
};

export const ROOMS = 20;

/** Makes the desk through the admin API. */
export async function openListDesk(demo: Demo): Promise<ListDesk> {
  const { organization_id: organizationId, settings_token: reportsToken, agent } = demo.other;
  const sharedOwnerId = demo.organization_id;
  const rooms: string[] = [];
  const sharedRooms: string[] = [];
  for (let number = 0; number < ROOMS; number++) {
    rooms.push(await create(demo, `${organizationId}/rooms`, { name: `Room ${number}` }));
    const shared = await create(demo, `${sharedOwnerId}/rooms`, { name: `Shared room ${number}` });
    await send(demo, 'PUT', `${sharedOwnerId}/rooms/${shared}/shares/${organizationId}`);
    sharedRooms.push(shared);
  }
  const agentOfOneRoom = await createUser(demo, organizationId, 'Ona');
  const stranger = await createUser(demo, organizationId, 'Nora');
  const route = async (user: DemoUser, room_ids: string[]): Promise<void> => {
    await create(demo, `${organizationId}/routers`, {
      name: 'Benchmark',
      targets: [{ kind: 'user', id: user.id }],
      room_ids,
    });
  };
  await route(agent, rooms);
  await route(agentOfOneRoom, rooms.slice(0, 1));
  await route(stranger, [demo.other.room_id]);
  const chatId = await openChat(demo, organizationId, reportsToken, rooms[0] ?? '');
  const visitorId = await joinVisitor(demo, agent, chatId);
  return { organizationId, reportsToken, rooms, sharedOwnerId, sharedRooms, agent, agentOfOneRoom, visitorId, chatId };
}

async function openChat(demo: Demo, organizationId: string, token: string, room_id: string): Promise<string> {
  const channels = `orgs/${organizationId}/unified_messaging`;
  const channel = {
    name: 'Lists',
    messaging_channel: 'lists',
    room_id,
    reply_webhook_url: 'http://127.0.0.1:65535/never-called',
  };
  const { id } = await call(demo, 'POST', channels, token, channel);
  const message = { body: 'Hello', thread_id: 'lists', sender_id: 'customer@example.com', message_id: '1' };
  return String((await call(demo, 'POST', `${channels}/${id}/messages`, token, { messages: [message] }))['chat_id']);
}

/** Joins the agent to a chat. Answers the id of its visitor. */
async function joinVisitor(demo: Demo, agent: DemoUser, chatId: string): Promise<string> {
  const chats = `users/${agent.id}/routed_chats/${chatId}/memberships`;
  await call(demo, 'POST', chats, agent.token, { is_participating: true, composing_status: 'idle' });
  const { results } = await call(demo, 'GET', chats, agent.token);
  const visitor = (results as { member_id: string; member_type: string }[]).find(
    (one) => one.member_type === 'visitor',
  );
  if (visitor === undefined) throw new Error(`chat ${chatId} has no visitor`);
  return visitor.member_id;
}

async function createUser(demo: Demo, organizationId: string, first_name: string): Promise<DemoUser> {
  const id = await create(demo, `${organizationId}/users`, { first_name, last_name: 'Bench' });
  const answer = await send(demo, 'POST', `${organizationId}/users/${id}/tokens`, { scopes: [] });
  return { id, token: String(answer['token']) };
}

async function create(demo: Demo, path: string, body: unknown): Promise<string> {
  return String((await send(demo, 'POST', path, body))['id']);
}

function send(demo: Demo, method: 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer> {
  return request(method, `${demo.base_url}/admin/v1/organizations/${path}`, demo.admin_token, body);
}

function call(demo: Demo, method: 'GET' | 'POST', path: string, token: string, body?: unknown): Promise<Answer> {
  return request(method, `${demo.base_url}/api/v5/${path}`, token, body);
}

type Answer = Record<string, unknown>;

async function request(method: JsonRequest['method'], url: string, token: string, body?: unknown): Promise<Answer> {
  const answer = await requestJson({ method, url, token, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 300)
    throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body ?? {}) as Answer;
}
