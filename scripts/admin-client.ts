import type { InterfaceKind } from '../src/resources/interface.ts';
import type { Fetch } from './cloudflare-account.ts';
import { type JsonAnswer, requestJson } from './json-request.ts';

export type Person = {
  id?: string;
  first_name: string;
  last_name: string;
  is_bot: boolean;
  scopes: readonly string[];
};
export type PersonWithToken = { id: string; token: string };

/** Asks a hub's admin API whether the token opens it. 200 has the first organization, if there is one. */
export function askForOrganizations(baseUrl: string, adminToken: string): Promise<JsonAnswer> {
  return requestJson({ method: 'GET', url: `${baseUrl}/admin/v1/organizations?page_size=1`, token: adminToken });
}

/**
 * Why the admin API of a hub is not open for its operator, although its secret is set; null when it is. Asks without a
 * token: Cloudflare shows nobody a secret, so only the hub itself knows whether it is long enough.
 */
export async function adminApiProblem(origin: string, fetch: Fetch): Promise<string | null> {
  const response = await fetch(`${origin}/admin/v1/organizations`);
  // 404: without the secret there is no admin API, which the check of the secret says.
  if (response.status === 401 || response.status === 404) return null;
  return `it answers ${response.status} ${(await response.text()).slice(0, 200)}`;
}

/** Whether a hub holds no organization at all. */
export async function isStoreEmpty(baseUrl: string, adminToken: string): Promise<boolean> {
  const answer = await askForOrganizations(baseUrl, adminToken);
  if (answer.status !== 200) throw new Error(`the admin API answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { results: unknown[] }).results.length === 0;
}

/**
 * Makes organizations through the admin API. `tokensExpireAt` (ms): when the tokens end; null for never. Methods throw
 * when the API refuses.
 */
export class AdminClient {
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #expiresAt: string | null;

  constructor(baseUrl: string, token: string, tokensExpireAt: number | null) {
    this.#baseUrl = baseUrl;
    this.#token = token;
    this.#expiresAt = tokensExpireAt === null ? null : new Date(tokensExpireAt).toISOString();
  }

  async createOrganization(name: string, id?: string): Promise<string> {
    return text(await this.#post('organizations', { name, ...(id === undefined ? {} : { id }) }), 'id');
  }

  async createRoom(organization: string, name: string): Promise<string> {
    return text(await this.#post(`organizations/${organization}/rooms`, { name }), 'id');
  }

  /** Routes the chats of a room to targets. */
  async createRouter(organization: string, room: string, targets: { kind: string; id?: string }[]): Promise<void> {
    await this.#post(`organizations/${organization}/routers`, { name: 'Router', targets, room_ids: [room] });
  }

  async createUser(organization: string, person: Person): Promise<PersonWithToken> {
    const { scopes, ...names } = person;
    const id = text(await this.#post(`organizations/${organization}/users`, names), 'id');
    const token = await this.#post(`organizations/${organization}/users/${id}/tokens`, {
      scopes,
      expires_at: this.#expiresAt,
    });
    return { id, token: text(token, 'token') };
  }

  /** Changes fields of an organization. */
  async changeOrganization(organization: string, fields: Record<string, unknown>): Promise<void> {
    await this.#ask('PATCH', 200, `organizations/${organization}`, fields);
  }

  /** Changes fields of a user. */
  async changeUser(organization: string, user: string, fields: Record<string, unknown>): Promise<void> {
    await this.#ask('PATCH', 200, `organizations/${organization}/users/${user}`, fields);
  }

  /** Makes a key of an interface. */
  async createInterfaceKey(organization: string, kind: InterfaceKind): Promise<string> {
    return text(await this.#post(`organizations/${organization}/${kind}/keys`, { label: 'Demo' }), 'key');
  }

  /** The id that JSON-RPC has for an organization. */
  async orgidOf(organization: string): Promise<string> {
    return text(await this.#ask('GET', 200, `organizations/${organization}/rpc`), 'orgid');
  }

  #post(path: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#ask('POST', 201, path, body);
  }

  async #ask(
    method: 'GET' | 'POST' | 'PATCH',
    status: number,
    path: string,
    body?: unknown,
  ): Promise<Record<string, unknown>> {
    const url = `${this.#baseUrl}/admin/v1/${path}`;
    const answer = await requestJson({ method, url, token: this.#token, ...(body === undefined ? {} : { body }) });
    if (answer.status !== status) {
      throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body as Record<string, unknown>;
  }
}

function text(resource: Record<string, unknown>, key: string): string {
  const value = resource[key];
  if (typeof value !== 'string') throw new Error(`the admin API answered no ${key}: ${JSON.stringify(resource)}`);
  return value;
}
