import { expect } from 'vitest';
import { newRoom } from './gateway.ts';
import { arrive, ask, enrollAgent, type Json, type TestOrganization } from './organization.ts';
import { type Answer, admin, type Call, call, enroll, type Person } from './requests.ts';

/** A visitor with a token, created by the public API. */
export type Visitor = { id: string; secret: string; token: string; organizationId: string };

/** A request to the public API, below /api/v5/public. */
export function visit(token: string | null, method: string, path: string, body?: unknown, more: Call = {}) {
  return call(`/api/v5/public${path}`, {
    method,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { body }),
    ...more,
  });
}

export async function authenticate(organizationId: string, secret?: string): Promise<Visitor> {
  const body = secret === undefined ? {} : { visitor_secret_id: secret };
  const { status, json } = await visit(null, 'POST', `/orgs/${organizationId}/auth`, body);
  expect([status, json]).toEqual([200, expect.objectContaining({ organization_id: organizationId })]);
  return {
    id: String(json['visitor_id']),
    secret: String(json['visitor_secret_id']),
    token: String(json['access_token']),
    organizationId,
  };
}

/** An organization with the room of a website, an agent and an integrator's token. */
export class Site {
  readonly organizationId: string;
  readonly roomId: string;
  readonly agent: Person;
  readonly integrator: Person;

  private constructor(roomId: string, agent: Person, integrator: Person) {
    this.organizationId = integrator.organization_id;
    this.roomId = roomId;
    this.agent = agent;
    this.integrator = integrator;
  }

  static async open(): Promise<Site> {
    const integrator = await enroll({ scopes: ['settings', 'users', 'reports'] });
    const agent = await enrollAgent(integrator.organization_id, { alias: 'Amazing Grace' });
    return new Site(await newRoom(integrator.organization_id), agent, integrator);
  }

  /** A site that uses the room of an organization. */
  static async at(org: TestOrganization): Promise<Site> {
    const integrator = await enrollAgent(org.organizationId, {}, ['settings', 'users', 'reports']);
    return new Site(org.gateway.roomId, org.agent, integrator);
  }

  /** Path of the room below /public. */
  get room(): string {
    return `/orgs/${this.organizationId}/rooms/${this.roomId}`;
  }

  /** A visitor who is present in the room. */
  async visitor(details: Json = {}): Promise<Visitor> {
    const visitor = await authenticate(this.organizationId);
    const answer = await visit(visitor.token, 'POST', `${this.room}/visitors`, { id: visitor.id, ...details });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return visitor;
  }

  openChat(visitor: Visitor, body?: Json, room = this.room): Promise<Answer> {
    return visit(visitor.token, 'POST', `${room}/visitors/${visitor.id}/chats`, body);
  }

  /** Opens the visitor's chat, new or resumed. Answers its id. */
  async chat(visitor: Visitor, body?: Json): Promise<string> {
    const answer = await this.openChat(visitor, body);
    expect([answer.status < 300, answer.text]).toEqual([true, expect.any(String)]);
    return String(answer.json['id']);
  }

  say(visitor: Visitor, chatId: string, message: string): Promise<Answer> {
    return visit(visitor.token, 'POST', `/visitors/${visitor.id}/chats/${chatId}/messages`, { message });
  }

  /** Paths below /api/v5, for the organization's people. */
  orgRoom(path = ''): string {
    return `/orgs/${this.organizationId}/rooms/${this.roomId}${path}`;
  }

  setVariable(visitor: { id: string }, key: string, value: string): Promise<Answer> {
    return ask(this.integrator, 'POST', this.orgRoom(`/visitors/${visitor.id}/variables`), { key, value });
  }

  /** The agent becomes present, joins the pending chat and is a member. */
  async answerBy(person: Person, chatId: string, message: string | null, more: Json = {}): Promise<Json> {
    await arrive(person);
    const joined = await ask(person, 'POST', `/users/${person.user_id}/routed_chats/${chatId}/memberships`, {
      is_participating: true,
      composing_status: 'idle',
    });
    expect([joined.status < 300, joined.text]).toEqual([true, expect.any(String)]);
    if (message === null) return {};
    const path = `/users/${person.user_id}/chats/${chatId}/messages`;
    const sent = await ask(person, 'POST', path, { message, ...more });
    expect([sent.status, sent.text]).toEqual([200, expect.any(String)]);
    return sent.json;
  }

  async ownedChat(chatId: string): Promise<Json> {
    return (await ask(this.integrator, 'GET', `/orgs/${this.organizationId}/owned_chats/${chatId}`)).json;
  }

  async setOrganization(settings: Json): Promise<void> {
    const answer = await admin(`/organizations/${this.organizationId}`, { method: 'PATCH', body: settings });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  }

  async setRoom(options: Json): Promise<void> {
    const path = `/organizations/${this.organizationId}/rooms/${this.roomId}`;
    const answer = await admin(path, { method: 'PATCH', body: options });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  }
}
