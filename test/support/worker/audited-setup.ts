import { logAppDelivery } from './logged-deliveries.ts';
import { ask, resultsOf } from './organization.ts';
import { type Answer, admin, enroll, type Person, testEnv } from './requests.ts';

/** Nobody listens there, so an attempt ends at once. */
export const NOBODY = 'http://127.0.0.1:65009';

export type AuditedNames = { [parameter: string]: string };

/** An organization with one of everything that its settings have. `owner` has every scope. */
export type AuditedSetup = {
  owner: Person;
  names: AuditedNames;
  /** What the organization lacks: a user outside its team, a partner without a share, an app that is not installed. */
  lacking: { user_id: string; partner_id: string; app_id: string };
};

const app = {
  name: 'Orders',
  terms_url: 'https://app.example.com/terms',
  privacy_url: 'https://app.example.com/privacy',
};

function idOf(answer: Answer): string {
  if (answer.status !== 201) throw new Error(`the set-up was answered ${answer.status}: ${answer.text}`);
  return String(answer.json['id']);
}

/** A room or team that a partner offers to an organization. */
async function offered(partner: Person, organizationId: string, kind: 'rooms' | 'teams'): Promise<string> {
  const root = `/organizations/${partner.organization_id}/${kind}`;
  const id = idOf(await admin(root, { method: 'POST', body: { name: 'Theirs' } }));
  const { status } = await ask(
    partner,
    'PUT',
    `/orgs/${partner.organization_id}/${kind}/${id}/shares/${organizationId}`,
  );
  if (status !== 201) throw new Error(`an offer was answered ${status}`);
  return id;
}

export async function auditedSetup(): Promise<AuditedSetup> {
  const owner = await enroll({ scopes: ['settings', 'reports', 'users'] });
  const { organization_id } = owner;
  const root = `/organizations/${organization_id}`;
  const made = async (path: string, body: object) => idOf(await admin(`${root}${path}`, { method: 'POST', body }));
  const [partner, stranger] = [await enroll({ scopes: ['settings'] }), await enroll()];
  const user_id = await made('/users', { first_name: 'Ada' });
  // The first one gets the interfaces: the other is deleted.
  const mail_room_id = await made('/rooms', { name: 'Mail' });
  const room_id = await made('/rooms', { name: 'Support' });
  const team_id = await made('/teams', { name: 'Night' });
  const app_id = await made('/apps', app);
  const webhook = { endpoint_url: `${NOBODY}/?key=hidden`, on_added: true };
  const webhook_id = await made(`/apps/${app_id}/webhooks`, {
    ...webhook,
    channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats',
  });
  const installation_id = await made('/app_installations', { app_id });
  const names = {
    mail_room_id,
    webhooks_version: String((await admin(`${root}/apps/${app_id}`)).json['webhooks_version']),
    purge_id: crypto.randomUUID(),
    organization_id,
    user_id,
    room_id,
    team_id,
    app_id,
    webhook_id,
    installation_id,
    router_id: await made('/routers', { name: 'Day' }),
    token_id: await made(`/users/${user_id}/tokens`, { scopes: ['settings'] }),
    rpc_key_id: await made('/rpc/keys', {}),
    threads_key_id: await made('/threads/keys', {}),
    tag_name: 'Premium',
    canned_reply_id: idOf(
      await ask(owner, 'POST', `/orgs/${organization_id}/canned_replies`, {
        shortcut: 'late',
        message: 'We are sorry.',
        visibility: 'organization',
      }),
    ),
    autosuggestion_id: await made(`/rooms/${room_id}/autosuggestions`, { url_pattern: '*', user_id }),
    partner_id: partner.organization_id,
    received_room_id: await offered(partner, organization_id, 'rooms'),
    received_team_id: await offered(partner, organization_id, 'teams'),
    delivery_id: await logAppDelivery({ organization_id, installation_id, webhook_id, status: 'exhausted' }),
    config_id: idOf(
      await ask(owner, 'POST', `/orgs/${organization_id}/unified_messaging`, {
        name: 'Mail',
        messaging_channel: 'email',
        room_id: mail_room_id,
        reply_webhook_url: `${NOBODY}/?key=hidden`,
      }),
    ),
  };
  await admin(`${root}/rooms/${room_id}/allowed_tags`, { method: 'POST', body: { name: names.tag_name } });
  await admin(`${root}/teams/${team_id}/members/${user_id}`, { method: 'PUT' });
  for (const shared of [`rooms/${room_id}`, `teams/${team_id}`]) {
    await admin(`${root}/${shared}/shares/${names.partner_id}`, { method: 'PUT' });
  }
  const lasting_token_id = crypto.randomUUID();
  await testEnv.DB.prepare(
    `INSERT INTO tokens (digest, id, organization_id, user_id, label, scopes, created_at, expires_at, installation_id,
       secret_version) VALUES (?1, ?1, ?2, ?3, '', '[]', 1, 8e15, ?4, 1)`,
  )
    .bind(lasting_token_id, organization_id, user_id, installation_id)
    .run();
  const messages = [{ body: 'Hello', thread_id: 'ticket-1', sender_id: 'jane', message_id: 'mail-1' }];
  const channel = `/orgs/${organization_id}/unified_messaging/${names.config_id}`;
  const chat_id = String((await ask(owner, 'POST', `${channel}/messages`, { messages })).json['chat_id']);
  const joined = await ask(owner, 'POST', `/users/${owner.user_id}/routed_chats/${chat_id}/memberships`, {
    is_participating: true,
    composing_status: 'idle',
  });
  if (joined.status !== 201) throw new Error(`joining was answered ${joined.status}: ${joined.text}`);
  const [visitor] = resultsOf(await ask(owner, 'GET', `/orgs/${organization_id}/rooms/${mail_room_id}/visitors`));
  const ofChat = { chat_id, member_id: owner.user_id, visitor_id: String(visitor?.['id']) };
  const lacking = {
    user_id: await made('/users', { first_name: 'Bert' }),
    partner_id: stranger.organization_id,
    app_id: await made('/apps', app),
  };
  return { owner, names: { ...names, ...ofChat, lasting_token_id }, lacking };
}
