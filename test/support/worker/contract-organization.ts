import { expect } from 'vitest';
import { newRoom, RECEIVER_URL } from './gateway.ts';
import { enrollAgent, type Json, resultsOf, unique, visitorSays } from './organization.ts';
import { type Answer, admin, call, enroll, type Person } from './requests.ts';

/** A request for a line of the contract. `raw` is sent unchanged. */
export type Request = { method: string; path: string; person: Person | null; body?: unknown; raw?: string };

export type Setting = 'has_active_subscription' | 'private_chats' | 'private_chat_history';

/**
 * An organization: a room with a channel, present agents, one of them with the scope `reports`, and a user of another
 * organization with every scope.
 */
export type ContractOrganization = {
  organizationId: string;
  roomId: string;
  foreignRoomId: string;
  channelPath: string;
  integrator: Person;
  agent: Person;
  colleague: Person;
  reporter: Person;
  stranger: Person;
};

export async function openContractOrganization(): Promise<ContractOrganization> {
  const integrator = await enroll({ scopes: ['settings'] });
  const organizationId = integrator.organization_id;
  const stranger = await enroll({ scopes: ['settings', 'reports', 'users'] });
  const roomId = await newRoom(organizationId);
  const foreignRoomId = await newRoom(stranger.organization_id);
  const root = `/api/v5/orgs/${organizationId}/unified_messaging`;
  const channel = await must(201, {
    method: 'POST',
    path: root,
    person: integrator,
    body: { name: 'Email', messaging_channel: 'email', room_id: roomId, reply_webhook_url: RECEIVER_URL },
  });
  const [agent, colleague, reporter] = [
    await enrollAgent(organizationId),
    await enrollAgent(organizationId, { first_name: 'Edsger' }),
    await enrollAgent(organizationId, { first_name: 'Rita' }, ['reports']),
  ];
  for (const person of [agent, colleague, reporter]) await arrive(person);
  const channelPath = `${root}/${channel.json['id']}`;
  return { organizationId, roomId, foreignRoomId, channelPath, integrator, agent, colleague, reporter, stranger };
}

export function send(request: Request): Promise<Answer> {
  const { method, path, person, body, raw } = request;
  return call(path, {
    method,
    ...(person === null ? {} : { authorization: `Bearer ${person.token}` }),
    ...(raw === undefined
      ? body === undefined
        ? {}
        : { body }
      : { raw, headers: { 'Content-Type': 'application/json' } }),
  });
}

/** A request that sets up a contract case. Any other status than the expected one fails the test. */
export async function must(status: number, request: Request): Promise<Answer> {
  const answer = await send(request);
  expect([answer.status, request.method, request.path, answer.status === status ? '' : answer.text]).toEqual([
    status,
    request.method,
    request.path,
    '',
  ]);
  return answer;
}

/** The person becomes present for an hour. */
export async function arrive(person: Person): Promise<string> {
  const path = `/api/v5/users/${person.user_id}/clients`;
  const answer = await must(201, { method: 'POST', path, person, body: { presence_expires_in: 3600 } });
  return String(answer.json['id']);
}

/** Runs `work` with a changed setting of the organization, and restores the setting. */
export async function withSetting<T>(
  org: ContractOrganization,
  setting: Setting,
  value: boolean,
  work: () => Promise<T>,
): Promise<T> {
  const set = async (to: boolean) => {
    const answer = await admin(`/organizations/${org.organizationId}`, { method: 'PATCH', body: { [setting]: to } });
    expect(answer.status).toBe(200);
  };
  await set(value);
  try {
    return await work();
  } finally {
    await set(!value);
  }
}

/** A new chat in the organization's room. Its visitor has written and waits. */
export async function newChat(org: ContractOrganization) {
  const answer = await must(201, {
    method: 'POST',
    path: `${org.channelPath}/messages`,
    person: org.integrator,
    body: { messages: [visitorSays(unique('thread'), 'Where is my order?')] },
  });
  const chatId = String(answer.json['chat_id']);
  const members = await must(200, {
    method: 'GET',
    path: `/api/v5/orgs/${org.organizationId}/owned_chats/${chatId}/memberships`,
    person: org.reporter,
  });
  const visitor = resultsOf(members).find((member) => member['member_type'] === 'visitor');
  return {
    chatId,
    messageId: String((answer.json['message_ids'] as string[])[0]),
    visitorId: String(visitor?.['member_id']),
  };
}

const JOINING = { is_participating: true, composing_status: 'idle' };

export function join(person: Person, chatId: string): Promise<Answer> {
  const path = `/api/v5/users/${person.user_id}/routed_chats/${chatId}/memberships`;
  return must(201, { method: 'POST', path, person, body: JOINING });
}

export function end(org: ContractOrganization, chatId: string): Promise<Answer> {
  const path = `/api/v5/orgs/${org.organizationId}/owned_chats/${chatId}`;
  return must(200, { method: 'PATCH', path, person: org.reporter, body: { is_ended: true } });
}

/** A member's invitation to a colleague. */
export async function invite(inviter: Person, chatId: string, invited: Person): Promise<string> {
  const path = `/api/v5/users/${inviter.user_id}/chats/${chatId}/outgoing_chat_invitations`;
  const answer = await must(201, {
    method: 'POST',
    path,
    person: inviter,
    body: { invited_user_id: invited.user_id },
  });
  return String(answer.json['id']);
}

export async function expire(inviter: Person, chatId: string, invitationId: string): Promise<void> {
  const path = `/api/v5/users/${inviter.user_id}/chats/${chatId}/outgoing_chat_invitations/${invitationId}`;
  await must(200, { method: 'PATCH', path, person: inviter, body: { is_expired: true } });
}

export async function accept(person: Person, invitationId: string): Promise<void> {
  const path = `/api/v5/users/${person.user_id}/incoming_chat_invitations/${invitationId}`;
  await must(200, { method: 'PATCH', path, person, body: { is_accepted: true } });
}

export type { Json };
