import { requestJson } from './json-request.ts';

export type DemoUser = { id: string; token: string };

/** The organizations in demo.json: enough to call every part of the API. */
export type DemoOrganizations = {
  organization_id: string;
  room_id: string;
  /** Token of a user with the scopes settings, reports and users. */
  settings_token: string;
  agent: DemoUser;
  agent2: DemoUser;
  bot: DemoUser;
  /** A second organization, without access to the first. */
  other: { organization_id: string; room_id: string; settings_token: string; agent: DemoUser };
};

type Person = { first_name: string; last_name: string; is_bot: boolean; scopes: string[] };

const MANAGER_SCOPES = ['settings', 'reports', 'users'];

/** Whether a hub holds no organization at all. */
export async function isStoreEmpty(baseUrl: string, adminToken: string): Promise<boolean> {
  const answer = await requestJson({ method: 'GET', url: `${baseUrl}/admin/v1/organizations`, token: adminToken });
  if (answer.status !== 200) throw new Error(`the admin API answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return (answer.body as { results: unknown[] }).results.length === 0;
}

/**
 * Creates the demo organizations, their rooms, users and tokens through the admin API. `tokensExpireAt` (ms): when the tokens end; null
 * for never.
 */
export async function createDemoOrganizations(
  baseUrl: string,
  adminToken: string,
  tokensExpireAt: number | null = null,
): Promise<DemoOrganizations> {
  const admin = new AdminClient(baseUrl, adminToken, tokensExpireAt);
  const organization = await admin.createOrganization('Demo Organization');
  const room = await admin.createRoom(organization, 'Support');
  const settings = await admin.createUser(organization, manager('Sam', 'Settings'));
  const agent = await admin.createUser(organization, colleague('Agent', 'Smith'));
  const agent2 = await admin.createUser(organization, colleague('Agent', 'Jones'));
  const bot = await admin.createUser(organization, { ...colleague('AI', 'Assistant'), is_bot: true });

  const other = await admin.createOrganization('Other Organization');
  const otherRoom = await admin.createRoom(other, 'Support');
  const otherSettings = await admin.createUser(other, manager('Olga', 'Settings'));
  const otherAgent = await admin.createUser(other, colleague('Otto', 'Brown'));
  return {
    organization_id: organization,
    room_id: room,
    settings_token: settings.token,
    agent,
    agent2,
    bot,
    other: {
      organization_id: other,
      room_id: otherRoom,
      settings_token: otherSettings.token,
      agent: otherAgent,
    },
  };
}

function colleague(first_name: string, last_name: string): Person {
  return { first_name, last_name, is_bot: false, scopes: [] };
}

function manager(first_name: string, last_name: string): Person {
  return { ...colleague(first_name, last_name), scopes: MANAGER_SCOPES };
}

class AdminClient {
  readonly #baseUrl: string;
  readonly #token: string;
  readonly #expiresAt: string | null;

  constructor(baseUrl: string, token: string, tokensExpireAt: number | null) {
    this.#baseUrl = baseUrl;
    this.#token = token;
    this.#expiresAt = tokensExpireAt === null ? null : new Date(tokensExpireAt).toISOString();
  }

  async createOrganization(name: string): Promise<string> {
    return text(await this.#post('organizations', { name }), 'id');
  }

  async createRoom(organization: string, name: string): Promise<string> {
    return text(await this.#post(`organizations/${organization}/rooms`, { name }), 'id');
  }

  async createUser(organization: string, person: Person): Promise<DemoUser> {
    const { scopes, ...names } = person;
    const id = text(await this.#post(`organizations/${organization}/users`, names), 'id');
    const token = await this.#post(`organizations/${organization}/users/${id}/tokens`, {
      scopes,
      expires_at: this.#expiresAt,
    });
    return { id, token: text(token, 'token') };
  }

  async #post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const url = `${this.#baseUrl}/admin/v1/${path}`;
    const answer = await requestJson({ method: 'POST', url, token: this.#token, body });
    if (answer.status !== 201) throw new Error(`POST ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as Record<string, unknown>;
  }
}

function text(resource: Record<string, unknown>, key: string): string {
  const value = resource[key];
  if (typeof value !== 'string') throw new Error(`the admin API answered no ${key}: ${JSON.stringify(resource)}`);
  return value;
}
