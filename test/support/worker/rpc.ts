import { expect, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { chatIdOfSession } from '../../../src/resources/rpc-ids.ts';
import { eventually } from '../eventually.ts';
import { ask, enrollAgent, type Json, TestOrganization } from './organization.ts';
import { type Got, receive } from './receiver.ts';
import { type Answer, admin, type Call, call, type Person } from './requests.ts';

export const HOOK = 'https://gateway.example.com/hub';
export const CONTACT = '234567668';

export type Told = { method: string; params: Json; api_key: unknown };

/** An organization with JSON-RPC, as its gateway sees it: two users have telephone lines. */
export class TelephoneSystem {
  readonly org: TestOrganization;
  readonly key: string;
  readonly orgid: string;
  readonly channelId: string;
  /** Extension 9003, and 9004 with a direct number. */
  readonly first: Person;
  readonly second: Person;

  private constructor(
    org: TestOrganization,
    settings: { key: string; orgid: string; channelId: string },
    people: { first: Person; second: Person },
  ) {
    this.org = org;
    this.key = settings.key;
    this.orgid = settings.orgid;
    this.channelId = settings.channelId;
    this.first = people.first;
    this.second = people.second;
  }

  static async open(changes: Json = {}): Promise<TelephoneSystem> {
    const org = await TestOrganization.open();
    const { organizationId } = org;
    const root = `/organizations/${organizationId}`;
    const first = await enrollAgent(organizationId, { first_name: 'Nina', last_name: '', extension: '9003' });
    const second = await enrollAgent(organizationId, { first_name: 'Otto', extension: '9004', did: '35891234' });
    const key = await admin(`${root}/rpc/keys`, { method: 'POST', body: {} });
    const settings = await admin(`${root}/rpc`, { method: 'PATCH', body: { webhook_url: HOOK, ...changes } });
    await admin(root, { method: 'PATCH', body: { domain: 'shop.example.com' } });
    expect([key.status, settings.status]).toEqual([201, 200]);
    const { orgid, channel_id } = settings.json;
    return new TelephoneSystem(
      org,
      { key: String(key.json['key']), orgid: String(orgid), channelId: String(channel_id) },
      { first, second },
    );
  }

  /** A call of a method. */
  async ask(method: string, params: Json, change: Call = {}): Promise<Answer> {
    const body = { method, params: { orgid: this.orgid, ...params } };
    return call('/api', { method: 'POST', authorization: `Bearer ${this.key}`, body, ...change });
  }

  /** A call of a method that must succeed. Answers its result. */
  async done(method: string, params: Json): Promise<Json> {
    const answer = await this.ask(method, params);
    expect([answer.status, answer.json]).toEqual([200, { result: expect.anything() }]);
    return answer.json['result'] as Json;
  }

  /** The refusal of a call, as its code and message. */
  async refusal(method: string, params: Json): Promise<{ status: number; code: unknown; message: unknown }> {
    const { status, json } = await this.ask(method, params);
    const { code, message } = (json['error'] ?? {}) as Json;
    return { status, code, message };
  }

  /** The contact writes to a user. Answers the ids. */
  async say(content: string, to = '9004'): Promise<{ messageid: string; sessionid: string }> {
    return (await this.done('message', { from: CONTACT, to, content })) as { messageid: string; sessionid: string };
  }

  /** The messages of a session as a member reads them. */
  async messages(sessionid: unknown, query = '?type__in=msg'): Promise<Json[]> {
    return await this.org.messages(this.chatOf(sessionid), query);
  }

  chatOf(sessionid: unknown): string {
    const chat = chatIdOfSession(String(sessionid));
    if (chat === null) throw new Error(`no session: ${String(sessionid)}`);
    return chat;
  }

  /** A user answers in a session, as an agent does. */
  async reply(person: Person, sessionid: unknown, message: string): Promise<Json> {
    const path = `/users/${person.user_id}/chats/${this.chatOf(sessionid)}/messages`;
    const answer = await ask(person, 'POST', path, { message });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return answer.json;
  }
}

/** A receiver of webhooks that the hub reaches at once, as in a deployment. */
export class WebhookTap {
  readonly #got = receive();

  constructor() {
    makeFirstAttemptsWith((env, thread, leased, askedAt) => {
      void deliverLeased(consumerDeps(env), thread, leased, askedAt);
    });
  }

  get sent(): readonly Got[] {
    return this.#got;
  }

  get told(): Told[] {
    return this.#got.filter(({ url }) => url === HOOK).map(({ body }) => JSON.parse(body) as Told);
  }

  get headers(): Record<string, string>[] {
    return this.#got.filter(({ url }) => url === HOOK).map(({ headers }) => headers);
  }

  /** Waits for the webhook of a method, the newest one. */
  async next(method: string, count = 1): Promise<Told> {
    return await eventually(() => {
      const found = this.told.filter((each) => each.method === method);
      expect(found).toHaveLength(count);
      return found[count - 1] as Told;
    });
  }

  close(): void {
    makeFirstAttemptsWith(null);
    vi.restoreAllMocks();
  }
}
