import { answer } from '../../scripts/webhook-receiver.ts';
import type { TestHub } from '../support/local/hub.ts';
import type { Receipt } from '../support/local/hub-client.ts';
import type { SceneClock } from './scene-clock.ts';

/** What the pictures open. */
export type Scene = {
  janesChat: string;
  mail: string;
  room: string;
  router: string;
  team: string;
  /** An app of another organization that may be installed. */
  translator: string;
  /** The installation of one that is. */
  lookup: string;
  /** An app of one's own. */
  shelves: string;
};

/** A Thursday morning of a shop: chats that wait, one in the middle, one that a bot answers, and a reply that failed. */
export async function playScene(site: TestHub, clock: SceneClock): Promise<Scene> {
  const { client, demo, receiver } = site;
  const { agent, agent2, bot } = demo;
  const organization = `/api/v5/orgs/${demo.organization_id}`;
  clock.showInstead(receiver.url, 'https://mail-gateway.example.com');
  clock.showInstead(new URL(receiver.url).host, 'mail-gateway.example.com');

  async function make(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
    const made = await client.request('POST', path, body, token);
    if (made.status >= 300) throw new Error(`POST ${path} answered ${made.status}: ${JSON.stringify(made.body)}`);
    return made.body as Record<string, unknown>;
  }
  const idOf = (made: Record<string, unknown>) => String(made['id']);

  clock.at('08:00');
  const mail = await client.registerChannel(`${receiver.url}/replies`, { name: 'Support mail', max_retry_count: 0 });
  const shop = await client.registerChannel(`${receiver.url}/shop`, {
    name: 'Shop WhatsApp',
    messaging_channel: 'whatsapp',
  });
  const returns = idOf(await make(`${organization}/rooms`, { name: 'Returns', language_code: 'en' }));
  const router = idOf(
    await make(`${organization}/routers`, {
      name: 'Returns',
      targets: [
        { kind: 'user', id: agent.id },
        { kind: 'user', id: agent2.id },
      ],
      room_ids: [returns],
    }),
  );
  const team = idOf(await make(`${organization}/teams`, { name: 'Orders' }));
  for (const { id } of [agent, agent2]) {
    await client.request('PUT', `${organization}/teams/${team}/memberships/${id}`);
  }
  for (const [shortcut, message] of [
    ['thanks', 'Thank you for your patience, {{visitor_name}}.'],
    ['return', 'You can return books within 30 days. I will send you a label.'],
  ]) {
    await make(`${organization}/canned_replies`, { shortcut, message, visibility: 'organization' });
  }
  for (const { id, token } of [agent, agent2]) {
    await make(`/api/v5/users/${id}/clients`, { presence_expires_in: 3_600 }, token);
  }

  let messages = 0;
  function write(
    channel: string,
    name: string,
    body: string,
    variables: Record<string, string> = {},
  ): Promise<Receipt> {
    messages += 1;
    const address = `${name.toLowerCase().replace(' ', '.')}@example.com`;
    const message = { body, thread_id: address, sender_id: address, message_id: `message ${messages}` };
    return client.sendMessages(channel, [message], { variables: { username: name, ...variables } });
  }

  clock.at('08:05');
  const address = { street: 'Harbour Street 4', postal_code: '00100', city: 'Helsinki', country: 'Finland' };
  const contact = { email: 'hello@books.example.com', phone: '+358 9 123 4567', business_id: '1234567-8' };
  await client.request('PATCH', organization, { ...contact, ...address, chat_retention_days: 730 });

  clock.at('08:10');
  const { other } = demo;
  const partner = `/api/v5/orgs/${other.organization_id}`;
  async function share(owner: string, what: string, to: string, token?: string): Promise<void> {
    const answer = await client.request('PUT', `${owner}/${what}/shares/${to}`, undefined, token);
    if (answer.status >= 300) throw new Error(`sharing ${what} answered ${answer.status}`);
  }
  await share(organization, `teams/${team}`, other.organization_id);
  const depot = idOf(await make(`${partner}/rooms`, { name: 'Depot' }, other.settings_token));
  const carriers = idOf(await make(`${partner}/teams`, { name: 'Carriers' }, other.settings_token));
  await share(partner, `rooms/${depot}`, demo.organization_id, other.settings_token);
  await share(partner, `teams/${carriers}`, demo.organization_id, other.settings_token);
  await client.request('PUT', `${organization}/received_shares/teams/${carriers}`);

  clock.at('08:22');
  await write(mail.id, 'Ben Moss', 'Please delete what you have of me.');
  await make(`${organization}/unified_messaging/${mail.id}/purge`, { thread_id: 'ben.moss@example.com' });
  await until('the purge is done', async () => {
    const { body } = await client.request('GET', `${organization}/purges`);
    return (body as { results: { finished_at: string | null }[] }).results.every(({ finished_at }) => finished_at);
  });

  clock.at('08:41');
  const omar = await write(shop.id, 'Omar Khan', 'Can I change the delivery address of order 1042?');
  clock.at('08:43');
  await client.joinChat(agent2, omar.chat_id);
  await client.reply(agent2, omar.chat_id, 'Of course. Where shall it go?');
  clock.at('08:45');
  await write(shop.id, 'Omar Khan', 'Mill Lane 7, please.');
  clock.at('08:46');
  await client.reply(agent2, omar.chat_id, 'Done. It leaves today.');

  clock.at('08:52');
  const wei = await write(mail.id, 'Li Wei', 'The invoice has the wrong company name. Can you send a new one?');
  clock.at('08:55');
  await client.joinChat(agent, wei.chat_id);
  // The gateway is down for a moment: this reply fails.
  receiver.behave(() => answer(503, {}, 'upstream connect error or disconnect/reset before headers'));
  await client.reply(agent, wei.chat_id, 'The new invoice is on its way to you.');
  await until('a webhook is given up', async () => {
    const { results } = await client.channelPage(mail.id, 'deliveries?status=exhausted');
    return results.length > 0;
  });
  receiver.behave(() => answer(200));

  clock.at('09:04');
  const jane = await write(mail.id, 'Jane Doe', 'Where is my order? It should have come on Monday.', {
    order: '1057',
    customer_since: '2021',
  });
  clock.at('09:06');
  await client.joinChat(agent, jane.chat_id);
  await client.reply(agent, jane.chat_id, 'I am sorry to hear that, Jane. Let me see where it is.');
  await make(`/api/v5/users/${agent.id}/chats/${jane.chat_id}/tags`, { name: 'delivery' }, agent.token);
  clock.at('09:09');
  await make(
    `/api/v5/users/${agent.id}/chats/${jane.chat_id}/notes`,
    { message: 'The carrier lost the parcel. A new one may go out today.' },
    agent.token,
  );
  clock.at('09:12');
  const last = await write(
    mail.id,
    'Jane Doe',
    'Thank you. I need it for a birthday on Saturday, can that still work?',
  );
  await client.suggestReply(
    bot,
    jane.chat_id,
    String(last.message_ids[0]),
    'Yes: a new parcel leaves today by express, and will be with you on Friday.',
  );

  clock.at('09:15');
  const aino = await write(shop.id, 'Aino Virtanen', 'Which of your shops is open on Sunday?');
  await client.joinChat(bot, aino.chat_id);
  await client.reply(bot, aino.chat_id, 'The one at the station, from 10 to 18.');

  clock.at('09:17');
  await write(shop.id, 'Maria Silva', 'I would like to return one of two books. How does that work?');
  clock.at('09:24');
  await write(mail.id, 'Tom Baker', 'Is the second edition in stock again?');
  clock.at('09:28');
  await write(shop.id, 'Noor Haddad', 'Hello, is anybody there?');

  clock.at('09:29');
  const asked = { invited_user_id: agent.id };
  await make(`/api/v5/users/${agent2.id}/chats/${omar.chat_id}/outgoing_chat_invitations`, asked, agent2.token);

  const apps = `${partner}/apps`;
  const asOther = other.settings_token;
  const app = {
    name: 'Translator',
    description: 'Shows agents what customers write in their own language.',
    terms_url: 'https://translator.example.com/terms',
    privacy_url: 'https://translator.example.com/privacy',
    is_app_user_required: true,
    is_available_to_anyone: true,
  };
  const translator = idOf(await make(apps, app, asOther));
  const webhook = {
    endpoint_url: 'https://translator.example.com/hooks',
    channel_pattern: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
    on_added: true,
    on_changed: true,
  };
  await make(`${apps}/${translator}/webhooks`, webhook, asOther);
  const ownApp = {
    ...app,
    terms_url: 'https://shelves.example.com/terms',
    privacy_url: 'https://shelves.example.com/privacy',
    name: 'Shelf finder',
    description: 'Tells agents in which shop a book stands.',
    is_app_user_required: false,
    is_available_to_anyone: false,
    trigger_url: 'https://shelves.example.com/open',
    trigger_types: ['manual_nav', 'chat_open'],
  };
  const shelves = idOf(await make(`${organization}/apps`, ownApp));
  await make(`${organization}/apps/${shelves}/webhooks`, {
    ...webhook,
    endpoint_url: 'https://shelves.example.com/hooks',
  });
  const lookedUp = {
    ...app,
    terms_url: 'https://orders.example.com/terms',
    privacy_url: 'https://orders.example.com/privacy',
    name: 'Order lookup',
    description: 'Finds the order that a customer asks about.',
    required_scopes: ['reports'],
    trigger_url: 'https://orders.example.com/open',
    trigger_types: ['manual_nav', 'setup'],
  };
  const orders = idOf(await make(apps, lookedUp, asOther));
  await make(`${apps}/${orders}/webhooks`, { ...webhook, endpoint_url: 'https://orders.example.com/hooks' }, asOther);
  clock.at('09:30');
  const lookup = idOf(await make(`${organization}/app_installations`, { app_id: orders }));
  return { janesChat: jane.chat_id, mail: mail.id, room: returns, router, team, translator, lookup, shelves };
}

/** Waits until something is so. Throws with `what` when it does not come to be. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not come to be that ${what}`);
}
