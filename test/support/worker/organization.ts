import { expect } from 'vitest';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { Gateway } from './gateway.ts';
import { organizationD1 } from './organization-database.ts';
import { type Answer, admin, type Call, call, type Person, testEnv } from './requests.ts';

export const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

export type Json = Record<string, unknown>;
export type Incoming = Json & { body: string; thread_id: string; sender_id: string; message_id: string };
/** The answer of the messages endpoint, with the fields that tests read most. */
export type Received = Answer & { chatId: string; ids: string[]; seqs: number[] };

let made = 0;

/** A string that no other test of the file uses. */
export function unique(prefix: string): string {
  made += 1;
  return `${prefix}-${made}`;
}

export function visitorSays(threadId: string, body: string, more: Json = {}): Incoming {
  return { body, thread_id: threadId, sender_id: 'customer@example.com', message_id: unique('message'), ...more };
}

/** A new user of an organization, with a token. */
export async function enrollAgent(organizationId: string, fields: Json = {}, scopes: string[] = []): Promise<Person> {
  const path = `/organizations/${organizationId}/users`;
  const user = await admin(path, { method: 'POST', body: { first_name: 'Grace', last_name: 'Hopper', ...fields } });
  const token = await admin(`${path}/${user.json['id']}/tokens`, { method: 'POST', body: { scopes } });
  return {
    organization_id: organizationId,
    user_id: String(user.json['id']),
    token: String(token.json['token']),
    token_id: String(token.json['id']),
  };
}

/** Longest presence of a client, in seconds: tests move the clock. */
const A_MONTH = 30 * 24 * 3600;

/** The person becomes present. Answers the id of their client. */
export async function arrive(person: Person): Promise<string> {
  const answer = await ask(person, 'POST', `/users/${person.user_id}/clients`, { presence_expires_in: A_MONTH });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return String(answer.json['id']);
}

/** The person signs off: all their clients are deleted. */
export async function leave(person: Person): Promise<void> {
  const path = `/users/${person.user_id}/clients`;
  for (const { id } of resultsOf(await ask(person, 'GET', path))) {
    expect((await ask(person, 'DELETE', `${path}/${id}`)).status).toBe(204);
  }
}

/** A request by a person to a path below /api/v5 or to a full URL. */
export function ask(person: Pick<Person, 'token'>, method: string, path: string, body?: unknown): Promise<Answer> {
  const url = path.startsWith('http') ? path : `/api/v5${path}`;
  return call(url, {
    method,
    authorization: `Bearer ${person.token}`,
    ...(body === undefined ? {} : { body }),
  });
}

export function resultsOf(answer: { json: Json }): Json[] {
  return answer.json['results'] as Json[];
}

/** An organization with a channel, real threads, an agent and a bot. */
export class TestOrganization {
  readonly gateway: Gateway;
  readonly channelId: string;
  readonly agent: Person;
  readonly bot: Person;
  /** Has only the scope `reports`. */
  readonly reporter: Person;
  /** Ids of the users that `join` has made present. */
  readonly #arrived = new Set<string>();
  readonly #router: string;

  private constructor(
    gateway: Gateway,
    channelId: string,
    router: string,
    people: { agent: Person; bot: Person; reporter: Person },
  ) {
    this.gateway = gateway;
    this.channelId = channelId;
    this.#router = router;
    this.agent = people.agent;
    this.bot = people.bot;
    this.reporter = people.reporter;
  }

  static async open(channel: Json = {}): Promise<TestOrganization> {
    const gateway = await Gateway.open();
    const { organizationId } = gateway;
    const routers = `/organizations/${organizationId}/routers`;
    const everybody = { name: 'Everybody', targets: [{ kind: 'all', include_bots: true }], room_ids: [gateway.roomId] };
    const router = await admin(routers, { method: 'POST', body: everybody });
    expect([router.status, router.text]).toEqual([201, expect.any(String)]);
    const path = `${routers}/${router.json['id']}`;
    return new TestOrganization(gateway, await gateway.register(channel), path, {
      agent: await enrollAgent(organizationId),
      bot: await enrollAgent(organizationId, { first_name: 'Bot', last_name: 'Assistant', is_bot: true }),
      reporter: await enrollAgent(organizationId, { first_name: 'Rita' }, ['reports']),
    });
  }

  /** Replaces the targets of the room's router, which are all users, bots too. */
  async routeTo(targets: Json[]): Promise<void> {
    const answer = await admin(this.#router, { method: 'PATCH', body: { targets } });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  }

  /** Deletes the room's router. */
  async withoutRouters(): Promise<void> {
    expect((await admin(this.#router, { method: 'DELETE' })).status).toBe(204);
  }

  get organizationId(): string {
    return this.gateway.organizationId;
  }

  get channelPath(): string {
    return `/orgs/${this.organizationId}/unified_messaging/${this.channelId}`;
  }

  get organizationPath(): string {
    return `/orgs/${this.organizationId}`;
  }

  userSays(threadId: string, body: string, more: Json = {}): Incoming {
    return visitorSays(threadId, body, { sender_type: 'user', sender_id: this.agent.user_id, ...more });
  }

  /** A request of the integrator below the channel. */
  request(method: string, path: string, change: Call = {}): Promise<Answer> {
    return call(path.startsWith('http') ? path : `/api/v5${this.channelPath}${path}`, {
      method,
      authorization: `Bearer ${this.gateway.token}`,
      ...change,
    });
  }

  /** POST …/messages with any payload. */
  post(payload: unknown, change: Call = {}): Promise<Answer> {
    return this.request('POST', '/messages', { body: payload, ...change });
  }

  /** POST …/messages. The request must be accepted. */
  async send(messages: Incoming[], options: Json = {}): Promise<Received> {
    const answer = await this.post({ messages, ...options });
    expect([answer.status, answer.json]).toEqual([201, expect.objectContaining({ chat_id: UUID })]);
    return {
      ...answer,
      chatId: String(answer.json['chat_id']),
      ids: answer.json['message_ids'] as string[],
      seqs: answer.json['seqs'] as number[],
    };
  }

  /** One visitor message. */
  say(threadId: string, body: string, options: Json = {}): Promise<Received> {
    return this.send([visitorSays(threadId, body)], options);
  }

  close(threadId: string): Promise<Answer> {
    return this.request('POST', '/close_session', { body: { thread_id: threadId } });
  }

  /** Joins a chat that is routed to the person. The person is present from then on. */
  async join(person: Person, chatId: string, body: Json = { is_participating: true, composing_status: 'idle' }) {
    if (!this.#arrived.has(person.user_id)) await arrive(person);
    this.#arrived.add(person.user_id);
    return await ask(person, 'POST', `/users/${person.user_id}/routed_chats/${chatId}/memberships`, body);
  }

  /** A suggestion of the bot for a message of a chat that is routed to it. */
  async suggest(chatId: string, messageId: string, suggestion = 'It was shipped.'): Promise<string> {
    const path = `/users/${this.bot.user_id}/routed_chats/${chatId}/messages/${messageId}/reply_suggestions`;
    const answer = await ask(this.bot, 'POST', path, { suggestion, relevancy_score: 0.95 });
    expect(answer.status).toBe(201);
    return String(answer.json['id']);
  }

  async chat(chatId: string): Promise<Json> {
    return (await ask(this.reporter, 'GET', `${this.organizationPath}/owned_chats/${chatId}`)).json;
  }

  async memberships(chatId: string): Promise<Json[]> {
    return resultsOf(await ask(this.reporter, 'GET', `${this.organizationPath}/owned_chats/${chatId}/memberships`));
  }

  /** All messages of a chat as a member reads them. The reporter is a member who does not participate. */
  async messages(chatId: string, query = ''): Promise<Json[]> {
    await this.join(this.reporter, chatId, { is_participating: false, composing_status: 'idle' });
    const path = `/users/${this.reporter.user_id}/chats/${chatId}/messages${query}`;
    return resultsOf(await ask(this.reporter, 'GET', path));
  }

  async events(threadId: string, query = ''): Promise<Json[]> {
    return resultsOf(await this.request('GET', `/events?thread_id=${encodeURIComponent(threadId)}${query}`));
  }

  async ledger(): Promise<Json> {
    return (await this.request('GET', '/ledger')).json;
  }
}

export type CopiedMessage = { place: string; seq: number; chat_id: string; facts: string };

/** D1's copy of a chat's messages, in order. */
export async function copiedMessages(chatId: string): Promise<CopiedMessage[]> {
  await writeCollected(testEnv);
  const statement = organizationD1.prepare('SELECT * FROM messages WHERE chat_id = ? ORDER BY seq').bind(chatId);
  return (await statement.all<CopiedMessage>()).results;
}
