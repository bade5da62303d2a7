import { describe, expect, it } from 'vitest';
import { ALL_SCOPES, createApp, enrollManager, install, orgOf, uninstall } from '../../support/worker/apps.ts';
import { acceptedFor, addWebhook, briefly, installedApp } from '../../support/worker/installed-app.ts';
import { ask, enrollAgent, TestOrganization, unique, visitorSays } from '../../support/worker/organization.ts';
import { addRouter, setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import { type Answer, admin, type Person } from '../../support/worker/requests.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

const OWNED = '/orgs/{organization_id}/owned_chats';

async function openSite(): Promise<{ site: Site; manager: Person }> {
  const site = await Site.open();
  return { site, manager: site.integrator };
}

describe('an installed app', () => {
  it('is sent a visitor’s chat from its beginning to its end', async () => {
    const { site, manager } = await openSite();
    const { installation, webhookIds } = await installedApp(manager, [OWNED, `${OWNED}/*/messages`]);
    const visitor = await site.visitor();
    await site.setVariable(visitor, 'username', 'Väinö');
    const chatId = await site.chat(visitor);
    const shown = await site.ownedChat(chatId);
    const [first] = await acceptedFor(chatId, installation);
    expect(first).toMatchObject({ webhook_id: webhookIds[0], body: { action: 'added', resource_id: chatId } });
    expect(first?.body.resource).toEqual(shown);
    expect(shown['visitor_member_count']).toBe(1);
    await site.say(visitor, chatId, 'Where is my order?');
    await site.answerBy(site.agent, chatId, 'On its way.');
    await visit(visitor.token, 'PATCH', `/visitors/${visitor.id}/chats/${chatId}`, { is_ended: true });
    const all = await acceptedFor(chatId, installation);
    const organization = `/orgs/${site.organizationId}/owned_chats`;
    const told = (channel: string) => all.filter(({ body }) => body.channel === `/api/v5${channel}`);
    const messages = told(`${organization}/${chatId}/messages`);
    expect(messages.map(({ body }) => [body.action, body.resource['type'], body.resource['message']])).toEqual([
      ['added', 'msg', 'Where is my order?'],
      ['added', 'join', null],
      ['added', 'msg', 'On its way.'],
    ]);
    expect(messages[0]?.body.resource).toMatchObject({ sender_type: 'visitor', sender_name: 'Väinö', chat_id: chatId });
    const chats = told(organization);
    expect(chats.map(({ body }) => body.action)).toEqual(['added', ...chats.slice(1).map(() => 'changed')]);
    const applied = Object.assign({}, ...chats.map(({ body }) => body.resource));
    expect(applied).toEqual(await site.ownedChat(chatId));
    expect(chats.at(-1)?.body.resource).toMatchObject({ is_ended: true });
    expect(chats.at(-1)?.body.resource).not.toHaveProperty('id');
    const seqs = [...new Set(all.map(({ seq }) => seq))];
    for (const { body } of all) expect(body.prev_seq).toBe(seqs[seqs.indexOf(body.seq) - 1] ?? null);
  });

  it('is sent the chats of channels too, but no imports and no silent messages', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const { installation } = await installedApp(manager, [OWNED, `${OWNED}/*/messages`]);
    const { chatId } = await org.say(unique('thread'), 'hello');
    const organization = `/orgs/${org.organizationId}/owned_chats`;
    expect(briefly(await acceptedFor(chatId, installation))).toEqual([
      `added ${organization}`,
      `added ${organization}/${chatId}/messages`,
    ]);
    const silent = await org.say(unique('thread'), 'quiet', { skip_webhooks: true });
    expect(await acceptedFor(silent.chatId, installation)).toEqual([]);
    const then = { created_at: '2020-01-01T00:00:00.000Z' };
    const past = await org.send([visitorSays(unique('thread'), 'long ago', then)], { close_session: true });
    expect(await acceptedFor(past.chatId, installation)).toEqual([]);
  });

  it('is told once of a chat that a command has changed, with everything that has changed', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const { installation } = await installedApp(manager, [OWNED, `${OWNED}/*/memberships`, `${OWNED}/*/tags`]);
    const { chatId } = await org.say(unique('thread'), 'hello', { variables: { username: 'Ann', tier: 'gold' } });
    const ofChat = `/orgs/${org.organizationId}/owned_chats/${chatId}`;
    const shown = async (path: string) => (await ask(manager, 'GET', path)).json as { [key: string]: unknown };
    const before = await acceptedFor(chatId, installation);
    const [chat, membership] = before.map(({ body }) => body.resource);
    expect(briefly(before)).toHaveLength(2);
    expect(chat).toEqual(await shown(ofChat));
    expect(membership).toEqual(await shown(`${ofChat}/memberships/${membership?.['member_id']}`));
    expect((await ask(manager, 'POST', `${ofChat}/tags`, { name: 'Lead' })).status).toBe(201);
    const all = await acceptedFor(chatId, installation);
    expect(briefly(all).slice(2)).toEqual([`changed /orgs/${org.organizationId}/owned_chats`, `added ${ofChat}/tags`]);
    const { tag_count, updated_at } = await shown(ofChat);
    expect(all[2]?.body.resource).toEqual({ tag_count, updated_at });
  });

  it('with a bot user is sent the chats that are routed to it, and those that it joins', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const user = '/users/{user_id}';
    const { installation } = await installedApp(
      manager,
      [`${user}/routed_chats`, `${user}/pending_chats`, `${user}/chats`, `${user}/chats/*/messages`],
      { is_app_user_required: true },
    );
    const bot = `/users/${installation.app_user_id}`;
    const { chatId } = await org.say(unique('thread'), 'help');
    const told = briefly(await acceptedFor(chatId, installation));
    expect(told.filter((each) => each.startsWith('added'))).toEqual([
      `added ${bot}/routed_chats`,
      `added ${bot}/pending_chats`,
    ]);
    const before = told.length;
    const path = `/orgs/${org.organizationId}/owned_chats/${chatId}/memberships`;
    const body = { member_id: installation.app_user_id, is_participating: false, composing_status: 'idle' };
    expect((await ask(manager, 'POST', path, body)).status).toBe(201);
    await org.join(org.agent, chatId);
    const later = briefly(await acceptedFor(chatId, installation)).slice(before);
    expect(later).toContain(`added ${bot}/chats`);
    expect(later).toContain(`removed ${bot}/pending_chats`);
    expect(later).toContain(`added ${bot}/chats/${chatId}/messages`);
  });

  it('whose bot user no router names is sent nothing that is routed', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const { installation } = await installedApp(manager, ['/users/{user_id}/routed_chats'], {
      is_app_user_required: true,
    });
    const untold = async () => {
      const { chatId } = await org.say(unique('thread'), 'help');
      expect(await acceptedFor(chatId, installation)).toEqual([]);
    };
    await org.routeTo([{ kind: 'user', id: org.agent.user_id }]);
    await untold();
    await org.routeTo([{ kind: 'all' }]);
    await untold();
    await org.withoutRouters();
    await untold();
    await addRouter(org, [org.gateway.roomId], [{ kind: 'user', id: String(installation.app_user_id) }]);
    const { chatId: next } = await org.say(unique('thread'), 'help');
    expect(briefly(await acceptedFor(next, installation))).not.toEqual([]);
  });

  it('of a partner is sent only what belongs to shared rooms', async () => {
    const owner = await TestOrganization.open();
    const partner = await enrollManager();
    const patterns = ['/orgs/{organization_id}/routed_chats', OWNED, '/orgs/{organization_id}/involved_chats'];
    const { installation } = await installedApp(partner, patterns);
    const { chatId: before } = await owner.say(unique('thread'), 'hello');
    expect(await acceptedFor(before, installation)).toEqual([]);
    await shareRoom(owner, owner.gateway.roomId, { organizationId: partner.organization_id } as TestOrganization);
    const { chatId } = await owner.say(unique('thread'), 'hello');
    const told = await acceptedFor(chatId, installation);
    expect(new Set(told.map(({ body }) => body.channel))).toEqual(
      new Set([`/api/v5/orgs/${partner.organization_id}/routed_chats`]),
    );
  });

  it('without `reports` is not sent messages of chats with private history', async () => {
    const { site, manager } = await openSite();
    const plain = await installedApp(manager, [OWNED]);
    const reporting = await installedApp(manager, [OWNED, '/orgs/{organization_id}/rooms/*/chats'], {
      required_scopes: ['reports'],
    });
    const open = await site.chat(await site.visitor());
    expect(await acceptedFor(open, plain.installation)).not.toEqual([]);
    await site.setOrganization({ private_chat_history: true });
    const kept = await site.chat(await site.visitor());
    expect(await acceptedFor(kept, plain.installation)).toEqual([]);
    const told = await acceptedFor(kept, reporting.installation);
    expect(new Set(told.map(({ webhook_id }) => webhook_id))).toEqual(new Set(reporting.webhookIds));
  });

  it('without `reports` is not sent messages of routed and pending chats with private history', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const parts = ['', '/*/messages', '/*/tags', '/*/reply_suggestions', '/*/messages/*/reply_suggestions'];
    const patterns = ['routed_chats', 'pending_chats'].flatMap((chats) =>
      parts.map((part) => `/users/{user_id}/${chats}${part}`),
    );
    const plain = await installedApp(manager, patterns, { is_app_user_required: true });
    const reporting = await installedApp(manager, patterns, {
      is_app_user_required: true,
      required_scopes: ['reports'],
    });
    await setOrganization(org.organizationId, { private_chat_history: true });
    const { chatId, ids } = await org.say(unique('thread'), 'help');
    const suggesting = `/users/${org.reporter.user_id}/routed_chats/${chatId}/messages/${ids[0]}/reply_suggestions`;
    expect((await ask(org.reporter, 'POST', suggesting, { suggestion: 'You need help' })).status).toBe(201);
    const partsTold = async (installation: { id: string }) =>
      (await acceptedFor(chatId, installation)).filter(({ body }) => !body.channel.endsWith('_chats'));
    expect(await acceptedFor(chatId, plain.installation)).not.toEqual([]);
    expect(await partsTold(plain.installation)).toEqual([]);
    expect(await partsTold(reporting.installation)).toHaveLength(6);
  });

  it('is sent updates while it is installed and its webhook is switched on', async () => {
    const { site, manager } = await openSite();
    const { appId, installation, webhookIds } = await installedApp(manager, [OWNED]);
    const isTold = async (of = installation) =>
      (await acceptedFor(await site.chat(await site.visitor()), of)).length > 0;
    expect(await isTold()).toBe(true);
    const webhook = `${orgOf(manager)}/apps/${appId}/webhooks/${webhookIds[0]}`;
    await ask(manager, 'PATCH', webhook, { is_enabled: false });
    expect(await isTold()).toBe(false);
    await ask(manager, 'PATCH', webhook, { is_enabled: true });
    expect(await isTold()).toBe(true);
    await uninstall(manager, installation);
    expect(await isTold()).toBe(false);
    const again = await install(manager, appId);
    expect(await isTold(again)).toBe(true);
    expect(await isTold(installation)).toBe(false);
    await ask(manager, 'DELETE', webhook);
    expect(await isTold(again)).toBe(false);
  });

  it('of an organization without a subscription is sent nothing', async () => {
    const { site, manager } = await openSite();
    const { installation } = await installedApp(manager, [OWNED]);
    const visitor = await site.visitor();
    const chatId = await site.chat(visitor);
    const before = (await acceptedFor(chatId, installation)).length;
    await setOrganization(site.organizationId, { has_active_subscription: false });
    const path = `/organizations/${site.organizationId}/rooms/${site.roomId}`;
    expect((await admin(path)).status).toBe(200);
    await site.say(visitor, chatId, 'hello?');
    expect((await acceptedFor(chatId, installation)).length).toBe(before);
  });

  it('that is available to anyone is sent the chats of each organization through that organization’s installation', async () => {
    const { manager } = await openSite();
    const app = await createApp(manager, { is_available_to_anyone: true });
    await addWebhook(manager, app.id, OWNED);
    const one = await Site.open();
    const other = await Site.open();
    const installations = [await install(one.integrator, app.id), await install(other.integrator, app.id)] as const;
    const chatId = await one.chat(await one.visitor());
    expect(await acceptedFor(chatId, installations[0])).not.toEqual([]);
    expect(await acceptedFor(chatId, installations[1])).toEqual([]);
  });
});

describe('a write', () => {
  it('needs no further query of D1 for subscriptions, and one row for each webhook', async () => {
    const org = await TestOrganization.open();
    const manager = await enrollAgent(org.organizationId, {}, ALL_SCOPES);
    const thread = unique('thread');
    const write = () => org.post({ messages: [visitorSays(thread, 'again')] }, { env: { SERVER_TIMING: '1' } });
    await write();
    // One transaction, or the share of one that has another thread's rows too.
    expect(tripsOf(await write())).toBeLessThanOrEqual(1);
    const { installation } = await installedApp(manager, [OWNED, `${OWNED}/*/messages`]);
    const { chatId } = await org.say(thread, 'warm');
    const before = (await acceptedFor(chatId, installation)).length;
    expect(tripsOf(await write())).toBeLessThanOrEqual(1);
    expect((await acceptedFor(chatId, installation)).length).toBe(before + 2);
  });
});

/** The calls of D1 that an answer names. */
function tripsOf({ headers }: Answer): number {
  const trips = /d1;desc="trips=([\d.]+)/.exec(headers.get('Server-Timing') ?? '')?.[1];
  if (trips === undefined) throw new Error('the answer names no trips');
  return Number(trips);
}
