import { expect } from 'vitest';
import { type Json, TestOrganization } from './organization.ts';
import { type Answer, admin, type Call, call } from './requests.ts';

/** A responder over HTTP. */
export const RESPONDER = { type: 'http', url: 'https://bot.example.com/answer' };

/** An organization with the threads API, as its program sees it. */
export class ThreadsProgram {
  readonly org: TestOrganization;
  readonly key: string;
  readonly keyId: string;

  private constructor(org: TestOrganization, key: { id: string; key: string }) {
    this.org = org;
    this.key = key.key;
    this.keyId = key.id;
  }

  static async open(settings: Json | null = null): Promise<ThreadsProgram> {
    const org = await TestOrganization.open();
    const root = `/organizations/${org.organizationId}/threads`;
    const key = await admin(`${root}/keys`, { method: 'POST', body: {} });
    expect([key.status, key.text]).toEqual([201, expect.any(String)]);
    const program = new ThreadsProgram(org, { id: String(key.json['id']), key: String(key.json['key']) });
    if (settings !== null) await program.change(settings);
    return program;
  }

  async change(settings: Json): Promise<Json> {
    const path = `/organizations/${this.org.organizationId}/threads`;
    const answer = await admin(path, { method: 'PATCH', body: settings });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return answer.json;
  }

  ask(method: string, path: string, change: Call = {}): Promise<Answer> {
    const { headers, ...rest } = change;
    return call(path, { method, headers: { 'x-api-key': this.key, ...headers }, ...rest });
  }

  /** A message. It must be accepted. */
  async post(thread_fid: string, body: string, more: Json = {}, change: Call = {}): Promise<Answer> {
    const message = { body, user_fid: 'customer-1', thread_fid, ...more };
    const answer = await this.ask('POST', '/messages', { body: message, ...change });
    expect([answer.status, answer.text]).toEqual([expect.toBeOneOf([201, 202]), expect.any(String)]);
    return answer;
  }

  async get(path: string): Promise<Json> {
    const answer = await this.ask('GET', path);
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
    return answer.json;
  }

  /** The bodies of a thread's messages. */
  async bodies(thread_fid: string): Promise<unknown[]> {
    const { messages } = await this.get(`/threads/${await hashOf(thread_fid)}`);
    return (messages as Json[]).map(({ body }) => body);
  }
}

/** MD5 by the platform's own cryptography, which the hub does not use. */
export async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('MD5', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
