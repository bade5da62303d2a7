import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createApp } from '../../../src/app.ts';
import type { AppRouter } from '../../../src/http/router.ts';
import { expectDocumented } from './documented-answer.ts';
import { ORGANIZATION_BINDING } from './organization-database.ts';

export const ADMIN_TOKEN = 'admin-token-of-the-tests-of-this-hub';
export const testEnv = env as unknown as Env;

export type Call = {
  method?: string;
  authorization?: string;
  /** Sent as JSON. `raw` is sent unchanged. */
  body?: unknown;
  raw?: BodyInit;
  headers?: Record<string, string>;
  env?: Partial<Env>;
  app?: AppRouter;
};

export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };

const hub = createApp();

/** One request to the hub, in this isolate. The route must document the answer. */
export async function call(path: string, request: Call = {}): Promise<Answer> {
  const headers = new Headers(request.headers);
  if (request.authorization !== undefined) headers.set('Authorization', request.authorization);
  const body = request.raw ?? (request.body === undefined ? null : JSON.stringify(request.body));
  if (request.body !== undefined) headers.set('Content-Type', 'application/json');
  const context = createExecutionContext();
  const url = path.startsWith('http') ? path : `https://hub.example${path}`;
  const response = await (request.app ?? hub).fetch(
    new Request(url, { method: request.method ?? 'GET', headers, body }),
    { ...testEnv, ...request.env } as Env,
    context,
  );
  // Of a file that is no text, too.
  const text = new TextDecoder().decode(await response.arrayBuffer());
  await waitOnExecutionContext(context);
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') ?? false;
  const json = isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
  const answer = { status: response.status, headers: response.headers, text, json };
  expectDocumented({ method: request.method ?? 'GET', url }, answer);
  return answer;
}

/** A request of the operator to the admin API. */
export function admin(path: string, request: Call = {}): Promise<Answer> {
  return call(`/admin/v1${path}`, { authorization: `Bearer ${ADMIN_TOKEN}`, ...request });
}

export type Person = { organization_id: string; user_id: string; token: string; token_id: string };

/** A user with a token in an organization, by default a new one. */
export async function enroll(
  options: { organization_id?: string; scopes?: string[]; expires_at?: string } = {},
): Promise<Person> {
  const organization_id =
    options.organization_id ??
    String(
      (await admin('/organizations', { method: 'POST', body: { name: 'Harbour', database: ORGANIZATION_BINDING } }))
        .json.id,
    );
  const user = await admin(`/organizations/${organization_id}/users`, { method: 'POST', body: { first_name: 'Ada' } });
  const token = await admin(`/organizations/${organization_id}/users/${user.json.id}/tokens`, {
    method: 'POST',
    body: { scopes: options.scopes ?? [], ...(options.expires_at ? { expires_at: options.expires_at } : {}) },
  });
  return {
    organization_id,
    user_id: String(user.json.id),
    token: String(token.json.token),
    token_id: String(token.json.id),
  };
}

/** A D1 binding on which every query fails. */
export const brokenDatabase = {
  prepare() {
    throw new Error('D1_ERROR: network connection lost');
  },
  batch() {
    throw new Error('D1_ERROR: network connection lost');
  },
} as unknown as D1Database;

/** The bindings while D1 cannot be reached. */
export const withoutD1 = { DB: brokenDatabase, [ORGANIZATION_BINDING]: brokenDatabase } as Partial<Env>;
