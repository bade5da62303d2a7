import { SCOPES } from '../src/directory/tokens.ts';
import { AdminClient, type Person, type PersonWithToken } from './admin-client.ts';

export type DemoUser = PersonWithToken;

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
  await admin.createRouter(organization, room, [{ kind: 'all' }, { kind: 'user', id: bot.id }]);

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
  return { ...colleague(first_name, last_name), scopes: SCOPES };
}
