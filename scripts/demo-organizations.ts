import { SCOPES } from '../src/directory/tokens.ts';
import { AdminClient, type Person, type PersonWithToken } from './admin-client.ts';

export type DemoUser = PersonWithToken;

/** The organizations in demo.json: enough to call every part of the API. */
export type DemoOrganizations = {
  organization_id: string;
  room_id: string;
  /** A user with the scopes settings, reports and users, and their token. */
  settings_user_id: string;
  settings_token: string;
  agent: DemoUser;
  agent2: DemoUser;
  bot: DemoUser;
  /** JSON-RPC message sync: where, with which key, and the users with a telephone line. */
  rpc: {
    url: string;
    api_key: string;
    orgid: string;
    domain: string;
    webhook_url: null;
    users: { id: string; extension: string; did: string }[];
  };
  /** The threads API. */
  threads: { url: string; api_key: string; webhook_url: null };
  /** A second organization, without access to the first. */
  other: { organization_id: string; room_id: string; settings_token: string; agent: DemoUser };
};

/** The ids of the demo organization and its people, where they must be known before they are made. */
export type DemoIds = { organization_id: string; settings_user_id: string; agent_id: string; agent2_id: string };

/**
 * Creates the demo organizations, their rooms, users and tokens through the admin API. `tokensExpireAt` (ms): when the tokens end; null
 * for never.
 */
export async function createDemoOrganizations(
  baseUrl: string,
  adminToken: string,
  tokensExpireAt: number | null = null,
  ids: Partial<DemoIds> = {},
): Promise<DemoOrganizations> {
  const admin = new AdminClient(baseUrl, adminToken, tokensExpireAt);
  const organization = await admin.createOrganization('Demo Organization', ids.organization_id);
  const room = await admin.createRoom(organization, 'Support');
  const settings = await admin.createUser(organization, withId(ids.settings_user_id, manager('Sam', 'Settings')));
  const agent = await admin.createUser(organization, withId(ids.agent_id, colleague('Agent', 'Smith')));
  const agent2 = await admin.createUser(organization, withId(ids.agent2_id, colleague('Agent', 'Jones')));
  const bot = await admin.createUser(organization, { ...colleague('AI', 'Assistant'), is_bot: true });
  await admin.createRouter(organization, room, [{ kind: 'all' }, { kind: 'user', id: bot.id }]);

  const domain = 'demo.example.com';
  await admin.changeOrganization(organization, { domain });
  const lines = [
    { id: agent.id, extension: '9003', did: '442079460003' },
    { id: agent2.id, extension: '9004', did: '442079460004' },
  ];
  for (const { id, extension, did } of lines) await admin.changeUser(organization, id, { extension, did });
  const rpcKey = await admin.createInterfaceKey(organization, 'rpc');
  const threadsKey = await admin.createInterfaceKey(organization, 'threads');

  const other = await admin.createOrganization('Other Organization');
  const otherRoom = await admin.createRoom(other, 'Support');
  const otherSettings = await admin.createUser(other, manager('Olga', 'Settings'));
  const otherAgent = await admin.createUser(other, colleague('Otto', 'Brown'));
  return {
    organization_id: organization,
    room_id: room,
    settings_user_id: settings.id,
    settings_token: settings.token,
    agent,
    agent2,
    bot,
    rpc: {
      url: rpcUrl(baseUrl),
      api_key: rpcKey,
      orgid: await admin.orgidOf(organization),
      domain,
      webhook_url: null,
      users: lines,
    },
    threads: { url: threadsUrl(baseUrl), api_key: threadsKey, webhook_url: null },
    other: {
      organization_id: other,
      room_id: otherRoom,
      settings_token: otherSettings.token,
      agent: otherAgent,
    },
  };
}

/** Where a hub takes JSON-RPC. */
export function rpcUrl(baseUrl: string): string {
  return `${baseUrl}/api`;
}

/** The base of the threads API of a hub. */
export function threadsUrl(baseUrl: string): string {
  return `${baseUrl}/api/v1`;
}

function withId(id: string | undefined, person: Person): Person {
  return id === undefined ? person : { ...person, id };
}

function colleague(first_name: string, last_name: string): Person {
  return { first_name, last_name, is_bot: false, scopes: [] };
}

function manager(first_name: string, last_name: string): Person {
  return { ...colleague(first_name, last_name), scopes: SCOPES };
}
