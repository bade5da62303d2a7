import { expect, it } from 'vitest';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { acceptedFor, briefly, installedApp } from '../../support/worker/installed-app.ts';
import { ask, enrollAgent, TestOrganization, unique } from '../../support/worker/organization.ts';
import { addTeam, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, type Person } from '../../support/worker/requests.ts';

/** Two organizations. The second has an app with a bot user and these webhooks. */
async function openPartners(patterns: string[]) {
  const owner = await TestOrganization.open();
  const partner = await TestOrganization.open();
  const manager = await enrollAgent(partner.organizationId, {}, ALL_SCOPES);
  const { installation } = await installedApp(manager, patterns, { is_app_user_required: true });
  return { owner, partner, installation };
}

it('the app of a partner is sent the session of a shared room, even after its channel has moved to another room', async () => {
  const { owner, partner, installation } = await openPartners(['/orgs/{organization_id}/routed_chats/*/messages']);
  const manager = await enrollAgent(owner.organizationId, {}, ALL_SCOPES);
  await shareRoom(owner, owner.gateway.roomId, partner);
  const thread = unique('thread');
  const { chatId } = await owner.say(thread, 'before');
  expect(await acceptedFor(chatId, installation)).toHaveLength(1);
  const moved = await ask(manager, 'PATCH', owner.channelPath, { room_id: await newRoom(owner.organizationId) });
  expect(moved.status).toBe(200);
  expect((await owner.say(thread, 'after')).chatId).toBe(chatId);
  expect(await acceptedFor(chatId, installation)).toHaveLength(2);
});

/** A chat of the owner without a room, to which the partner is invited. */
async function invitedTo(owner: TestOrganization, invitee: object): Promise<string> {
  const chats = `/users/${owner.agent.user_id}/chats`;
  const started = await ask(owner.agent, 'POST', chats, {});
  expect([started.status, started.text]).toEqual([201, expect.any(String)]);
  const chatId = String(started.json['id']);
  const sent = await ask(owner.agent, 'POST', `${chats}/${chatId}/outgoing_chat_invitations`, invitee);
  expect([sent.status, sent.text]).toEqual([201, expect.any(String)]);
  const end = await ask(owner.agent, 'PATCH', `${chats}/${chatId}`, { is_ended: true });
  expect([end.status, end.text]).toEqual([200, expect.any(String)]);
  return chatId;
}

it('the app of a partner is sent its invitation to a chat that it has no other access to, and the end of the invitation', async () => {
  const { owner, partner, installation } = await openPartners(['/users/{user_id}/incoming_chat_invitations']);
  await shareRoom(owner, owner.gateway.roomId, partner);
  const chatId = await invitedTo(owner, { invited_organization_id: partner.organizationId });
  const path = `/users/${installation.app_user_id}/incoming_chat_invitations`;
  expect(briefly(await acceptedFor(chatId, installation))).toEqual([`added ${path}`, `changed ${path}`]);
});

it('the app of a partner is sent the invitation of one of its teams', async () => {
  const { owner, partner, installation } = await openPartners(['/users/{user_id}/incoming_chat_invitations']);
  const bot = { user_id: String(installation.app_user_id) } as Person;
  const team = await addTeam(partner, 'Night shift', [bot]);
  const share = `/organizations/${partner.organizationId}/teams/${team}/shares/${owner.organizationId}`;
  expect((await admin(share, { method: 'PUT' })).status).toBeLessThan(300);
  const chatId = await invitedTo(owner, { invited_team_id: team });
  const path = `/users/${installation.app_user_id}/incoming_chat_invitations`;
  expect(briefly(await acceptedFor(chatId, installation))).toEqual([`added ${path}`, `changed ${path}`]);
});
