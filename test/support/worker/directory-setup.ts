import { env } from 'cloudflare:workers';
import { newUuid } from '../../../src/resources/uuid.ts';
import { userStub } from '../../../src/rpc/user.ts';
import { ask, enrollAgent } from './organization.ts';
import { d1With, organizationD1 } from './organization-database.ts';
import { admin, enroll, type Person } from './requests.ts';

/** Values for the parameters of the console's paths. */
export type DirectoryNames = {
  organization_id: string;
  user_id: string;
  client_id: string;
  team_id: string;
  room_id: string;
  tag_name: string;
  autosuggestion_id: string;
  canned_reply_id: string;
  visitor_id: string;
  /** The key of a variable of the visitor. */
  key: string;
  /** A channel, a chat of a thread in it, and a purge that is done. */
  config_id: string;
  chat_id: string;
  purge_id: string;
  /** A key of JSON-RPC. */
  key_id: string;
  /** A token of the user. */
  token_id: string;
  router_id: string;
  /** With whom the room is shared, and to whom the team is offered. */
  partner_id: string;
};

/** An organization with one of every resource. They belong to a colleague of `owner`, who has every scope. */
export async function fill(owner: Person): Promise<DirectoryNames> {
  const { organization_id } = owner;
  const root = `/orgs/${organization_id}`;
  const colleague = await enrollAgent(organization_id);
  const { user_id } = colleague;
  const client = await ask(colleague, 'POST', `/users/${user_id}/clients`, { presence_expires_in: 3600 });
  const team = await ask(owner, 'POST', `${root}/teams`, { name: 'Night' });
  await ask(owner, 'POST', `${root}/teams/${team.json['id']}/memberships`, { user_id });
  const room = await ask(owner, 'POST', `${root}/rooms`, { name: 'Support' });
  const tag_name = 'Premium-customer';
  await admin(`/organizations/${organization_id}/rooms/${room.json['id']}/allowed_tags`, {
    method: 'POST',
    body: { name: tag_name },
  });
  const rule = { url_pattern: '*', user_id };
  const autosuggestion = await ask(owner, 'POST', `${root}/rooms/${room.json['id']}/autosuggestions`, rule);
  const canned = { shortcut: 'late', message: 'We are sorry.', visibility: 'organization' };
  const cannedReply = await ask(owner, 'POST', `${root}/canned_replies`, canned);
  const { organization_id: partner_id } = await enroll();
  await admin(`/organizations/${organization_id}/rooms/${room.json['id']}/shares/${partner_id}`, { method: 'PUT' });
  await ask(owner, 'PUT', `${root}/teams/${team.json['id']}/shares/${partner_id}`);
  return {
    organization_id,
    partner_id,
    user_id,
    canned_reply_id: String(cannedReply.json['id']),
    autosuggestion_id: String(autosuggestion.json['id']),
    client_id: String(client.json['id']),
    team_id: String(team.json['id']),
    room_id: String(room.json['id']),
    tag_name,
    ...(await receiveVisitor(organization_id, String(room.json['id']))),
    ...(await purgeable(owner, String(room.json['id']))),
    token_id: colleague.token_id,
    router_id: String((await ask(owner, 'POST', `${root}/routers`, { name: 'Day' })).json['id']),
    key_id: String((await ask(owner, 'POST', `${root}/rpc/keys`, {})).json['id']),
  };
}

/** A channel, a chat as D1 knows it, and a purge that is done. */
async function purgeable(
  { organization_id, token }: Person,
  roomId: string,
): Promise<Pick<DirectoryNames, 'config_id' | 'chat_id' | 'purge_id'>> {
  const channel = await ask({ token }, 'POST', `/orgs/${organization_id}/unified_messaging`, {
    name: 'Mail',
    messaging_channel: 'email',
    room_id: roomId,
    reply_webhook_url: 'https://receiver.example.com/hook',
  });
  const chat_id = newUuid(Date.now());
  const purge_id = newUuid(Date.now());
  await organizationD1.batch([
    organizationD1
      .prepare(
        `INSERT INTO chats (id, thread, seq, organization_id, room_id, chat_type, is_ended, is_waiting, is_pending,
           updated_at, facts) VALUES (?, 'thread', 1, ?, ?, 'external', 1, 0, 0, 1, '{}')`,
      )
      .bind(chat_id, organization_id, roomId),
    organizationD1
      .prepare(`INSERT INTO purges (id, organization_id, kind, created_at, finished_at) VALUES (?, ?, 'chat', 1, 2)`)
      .bind(purge_id, organization_id),
  ]);
  return { config_id: String(channel.json['id']), chat_id, purge_id };
}

/** A visitor of a room, with a variable. */
async function receiveVisitor(organizationId: string, roomId: string): Promise<{ visitor_id: string; key: string }> {
  const visitor_id = crypto.randomUUID().replaceAll('-', '');
  const key = 'number-in-the-shop';
  await organizationD1.batch([
    organizationD1
      .prepare('INSERT INTO visitors (id, organization_id, room_id, created_at) VALUES (?, ?, ?, 1)')
      .bind(visitor_id, organizationId, roomId),
    organizationD1
      .prepare(
        `INSERT INTO visitor_variables (visitor_id, key, value, created_at, at, thread, seq) VALUES (?, ?, '7', 1, 1, '', 0)`,
      )
      .bind(visitor_id, key),
  ]);
  return { visitor_id, key };
}

const TABLES = [
  'organizations',
  'users',
  'rooms',
  'room_shares',
  'teams',
  'team_members',
  'team_shares',
  'share_offers',
  'routers',
  'router_targets',
  'room_routers',
  'allowed_tags',
  'autosuggestions',
  'tokens',
  'sign_in_links',
  'interface_keys',
  'channels',
  'visitors',
  'visitor_variables',
  'purges',
  'purged_visitors',
  'apps',
  'app_webhooks',
  'app_installations',
];

/** Every row of the directory, and the clients of the user. */
export async function directoryOf({ user_id }: Pick<DirectoryNames, 'user_id'>): Promise<unknown> {
  const rows: unknown[] = [];
  for (const [d1, tables] of Map.groupBy(TABLES, d1With)) {
    const results = await d1.batch(tables.map((table) => d1.prepare(`SELECT * FROM ${table}`)));
    rows.push(...results.map((result) => result.results));
  }
  return [rows, await userStub(env, user_id).listClients({ v: 1 })];
}
