import { beforeAll, describe, expect, it } from 'vitest';
import { INVITATION_KEYS, keysOf, NESTED_USER_KEYS } from '../../support/worker/chat-keys.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
} from '../../support/worker/organization.ts';
import { addTeam, idsOf, own, shareRoom } from '../../support/worker/organization-setup.ts';
import { admin, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
/** The inviter, who is a member of each chat. */
let inviter: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  inviter = org.agent;
});

const DETAIL = { detail: expect.any(String) };
const UNKNOWN = '0190a000-0000-7000-8000-00000000dead';

async function joinedChat(): Promise<{ thread: string; chatId: string }> {
  const thread = unique('thread');
  const { chatId } = await org.say(thread, 'help');
  await org.join(inviter, chatId);
  return { thread, chatId };
}

const outgoing = (chatId: string) => `/users/${inviter.user_id}/chats/${chatId}/outgoing_chat_invitations`;
const invite = (chatId: string, body: Json) => ask(inviter, 'POST', outgoing(chatId), body);

/** A colleague with an invitation to a chat. */
async function invited() {
  const { thread, chatId } = await joinedChat();
  const guest = await enrollAgent(org.organizationId, { first_name: 'Bob', last_name: 'von Helper' });
  const sent = await invite(chatId, { invited_user_id: guest.user_id });
  expect(sent.status).toBe(201);
  return { thread, chatId, guest, id: String(sent.json['id']), sent: sent.json };
}

describe('an invitation of a user', () => {
  it('is sent: 201 with every documented key, and 200 while it is open', async () => {
    const { chatId, guest, sent } = await invited();
    expect(keysOf(sent)).toEqual(INVITATION_KEYS);
    expect(keysOf(sent['invited_by_user'])).toEqual(NESTED_USER_KEYS);
    expect(sent).toEqual({
      id: UUID,
      is_accepted: false,
      is_expired: false,
      invited_by_user_id: inviter.user_id,
      invited_by_user: expect.objectContaining({ id: inviter.user_id, full_name: 'Grace Hopper' }),
      chat_id: chatId,
      room_id: org.gateway.roomId,
      invited_user_id: guest.user_id,
      invited_team_id: null,
      invited_organization_id: null,
      invitee_name: 'Bob von Helper',
      accepted_by_user_id: null,
      accepted_by_user: null,
      user_member_count: 1,
      visitor_member_count: 1,
      created_at: TIME,
      updated_at: sent['created_at'],
      accepted_at: null,
      expired_at: null,
    });
    const again = await invite(chatId, { invited_user_id: guest.user_id, invited_team_id: null });
    expect([again.status, again.json]).toEqual([200, sent]);
  });

  it('is visible to both, and to nobody else', async () => {
    const { chatId, guest, id, sent } = await invited();
    for (const [person, path] of [
      [inviter, `/chats/${chatId}/outgoing_chat_invitations`],
      [guest, '/incoming_chat_invitations'],
    ] as const) {
      expect(resultsOf(await own(person, path))).toEqual([sent]);
      const one = await own(person, `${path}/${id}`);
      expect([one.status, one.json]).toEqual([200, sent]);
    }
    expect(idsOf(await own(org.bot, '/incoming_chat_invitations'))).toEqual([]);
    for (const person of [org.bot, inviter]) {
      expect((await own(person, `/incoming_chat_invitations/${id}`)).status).toBe(404);
    }
    await org.join(org.bot, chatId);
    expect(idsOf(await own(org.bot, `/chats/${chatId}/outgoing_chat_invitations`))).toEqual([]);
    expect((await own(org.bot, `/chats/${chatId}/outgoing_chat_invitations/${id}`)).status).toBe(404);
  });
});

describe('an invitation of a team or an organization', () => {
  it('can be accepted by any of its users, once', async () => {
    const { chatId } = await joinedChat();
    const [one, two] = [await enrollAgent(org.organizationId), await enrollAgent(org.organizationId)];
    const team = await addTeam(org, 'Second line', [one, two]);
    const sent = await invite(chatId, { invited_team_id: team });
    expect([sent.status, sent.json]).toMatchObject([
      201,
      { invited_user_id: null, invited_team_id: team, invitee_name: 'Second line' },
    ]);
    const path = `/incoming_chat_invitations/${sent.json['id']}`;
    for (const person of [one, two]) expect((await own(person, path)).json).toEqual(sent.json);
    const accept = (person: Person) => ask(person, 'PATCH', `/users/${person.user_id}${path}`, { is_accepted: true });
    expect((await accept(org.bot)).status).toBe(404);
    expect((await accept(one)).status).toBe(200);
    const late = await accept(two);
    expect([late.status, late.json]).toEqual([
      400,
      { non_field_errors: ['The invitation has already been accepted.'] },
    ]);
  });

  it('gives users of a partner access to the chat', async () => {
    const { chatId } = await joinedChat();
    const partner = await TestOrganization.open();
    const refused = await invite(chatId, { invited_organization_id: partner.organizationId });
    expect([refused.status, refused.json]).toEqual([404, DETAIL]);
    await shareRoom(org, org.gateway.roomId, partner);
    const sent = await invite(chatId, { invited_organization_id: partner.organizationId });
    expect([sent.status, sent.json]).toMatchObject([201, { invited_organization_id: partner.organizationId }]);
    expect((await own(partner.agent, `/chats/${chatId}`)).status).toBe(404);
    const path = `/users/${partner.agent.user_id}/incoming_chat_invitations/${sent.json['id']}`;
    expect((await ask(partner.agent, 'PUT', path, { is_accepted: true })).status).toBe(200);
    expect((await own(partner.agent, `/chats/${chatId}`)).status).toBe(200);
    expect(idsOf(await ask(partner.agent, 'GET', `${partner.organizationPath}/involved_chats`))).toEqual([chatId]);
  });
});

describe.each(['PUT', 'PATCH'])('accepting with %s', (method) => {
  it.each(['', '/chats/:chat'])('works under the path …%s/incoming_chat_invitations/<id>', async (place) => {
    const { chatId, guest, id, sent } = await invited();
    await arrive(guest);
    const path = `/users/${guest.user_id}${place.replace(':chat', chatId)}/incoming_chat_invitations/${id}`;
    const answer = await ask(guest, method, path, { is_accepted: true });
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        ...sent,
        is_accepted: true,
        accepted_by_user_id: guest.user_id,
        accepted_by_user: expect.objectContaining({ id: guest.user_id, full_name: 'Bob von Helper' }),
        accepted_at: TIME,
        updated_at: TIME,
        user_member_count: 2,
      },
    ]);
    const member = (await org.memberships(chatId)).at(-1);
    expect(member).toMatchObject({ member_id: guest.user_id, is_participating: true, is_present: true });
    expect((await own(inviter, `/chats/${chatId}/outgoing_chat_invitations/${id}`)).json).toEqual(answer.json);
    expect((await own(guest, `/incoming_chat_invitations/${id}`)).json).toEqual(answer.json);
    const again = await ask(guest, method, path, { is_accepted: true });
    expect([again.status, again.json]).toEqual([400, { non_field_errors: [expect.any(String)] }]);
    // Once it is accepted, the same user may be invited again.
    expect((await invite(chatId, { invited_user_id: guest.user_id })).status).toBe(201);
  });

  it('refuses an invitation that has expired, by its inviter or with its chat', async () => {
    for (const byHand of [true, false]) {
      const { thread, chatId, guest, id } = await invited();
      if (byHand) await ask(inviter, 'PATCH', `${outgoing(chatId)}/${id}`, { is_expired: true });
      else await org.close(thread);
      const path = `/users/${guest.user_id}/incoming_chat_invitations/${id}`;
      const answer = await ask(guest, method, path, { is_accepted: true });
      expect([answer.status, answer.json]).toEqual([
        400,
        { non_field_errors: ['The invitation has already expired.'] },
      ]);
      expect((await own(guest, `/incoming_chat_invitations/${id}`)).json).toMatchObject({
        is_accepted: false,
        is_expired: true,
        expired_at: TIME,
      });
    }
  });

  it('refuses an unknown invitation and one of others: 404', async () => {
    const { chatId, id } = await invited();
    const { guest } = await invited();
    const base = `/users/${guest.user_id}`;
    for (const path of [
      `${base}/incoming_chat_invitations/${id}`,
      `${base}/incoming_chat_invitations/${UNKNOWN}`,
      `${base}/incoming_chat_invitations/nonsense`,
      `${base}/chats/${chatId}/incoming_chat_invitations/${id}`,
      `${base}/chats/${UNKNOWN}/incoming_chat_invitations/${id}`,
    ]) {
      const answer = await ask(guest, method, path, { is_accepted: true });
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
    expect(await org.memberships(chatId)).toHaveLength(2);
  });

  it.each<[Json, string]>([
    [{}, 'This field is required.'],
    [{ is_accepted: null }, 'This field may not be null.'],
    [{ is_accepted: false }, 'Only true is allowed here.'],
    [{ is_accepted: 'true' }, 'Only true is allowed here.'],
  ])('refuses %j', async (body, message) => {
    const { guest, id } = await invited();
    const answer = await ask(guest, method, `/users/${guest.user_id}/incoming_chat_invitations/${id}`, body);
    expect([answer.status, answer.json]).toEqual([400, { is_accepted: [message] }]);
  });
});

describe('declining', () => {
  it('closes an invitation of one user, once, and tells its sender', async () => {
    const { chatId, guest, id, sent } = await invited();
    const path = `/users/${guest.user_id}/incoming_chat_invitations/${id}`;
    const answer = await ask(guest, 'DELETE', path);
    const expired = { ...sent, is_expired: true, expired_at: TIME, updated_at: TIME };
    expect([answer.status, answer.json]).toEqual([200, expired]);
    expect((await own(inviter, `/chats/${chatId}/outgoing_chat_invitations/${id}`)).json).toEqual(answer.json);
    for (const again of [await ask(guest, 'DELETE', path), await ask(guest, 'PATCH', path, { is_accepted: true })]) {
      expect([again.status, again.json]).toEqual([400, { non_field_errors: ['The invitation has already expired.'] }]);
    }
    expect(await org.memberships(chatId)).toHaveLength(2);
  });

  it('is refused to others: 404, and to one of a team, since the others may accept: 409', async () => {
    const { chatId, id } = await invited();
    const guest = await enrollAgent(org.organizationId);
    for (const unknown of [id, UNKNOWN, 'nonsense']) {
      const answer = await ask(guest, 'DELETE', `/users/${guest.user_id}/incoming_chat_invitations/${unknown}`);
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
    const team = await addTeam(org, 'Third line', [guest]);
    const sent = await invite(chatId, { invited_team_id: team });
    const path = `/users/${guest.user_id}/incoming_chat_invitations/${sent.json['id']}`;
    const answer = await ask(guest, 'DELETE', path);
    expect([answer.status, answer.json]).toEqual([409, { detail: 'Others may still accept this invitation.' }]);
    expect((await ask(guest, 'PATCH', path, { is_accepted: true })).status).toBe(200);
  });
});

describe.each(['PUT', 'PATCH'])('expiring with %s', (method) => {
  it('withdraws an open invitation, once', async () => {
    const { chatId, id, sent } = await invited();
    const answer = await ask(inviter, method, `${outgoing(chatId)}/${id}`, { is_expired: true, is_accepted: true });
    expect([answer.status, answer.json]).toEqual([
      200,
      { ...sent, is_expired: true, expired_at: TIME, updated_at: TIME },
    ]);
    const again = await ask(inviter, method, `${outgoing(chatId)}/${id}`, { is_expired: true });
    expect([again.status, again.json]).toEqual([400, { non_field_errors: ['The invitation has already expired.'] }]);
  });

  it('refuses an accepted one: 400', async () => {
    const { chatId, guest, id } = await invited();
    const path = `/users/${guest.user_id}/incoming_chat_invitations/${id}`;
    await ask(guest, 'PATCH', path, { is_accepted: true });
    const answer = await ask(inviter, method, `${outgoing(chatId)}/${id}`, { is_expired: true });
    expect([answer.status, answer.json]).toEqual([
      400,
      { non_field_errors: ['The invitation has already been accepted.'] },
    ]);
  });

  it('is possible only for the inviter, else 404', async () => {
    const { chatId, guest, id } = await invited();
    await org.join(org.bot, chatId);
    for (const person of [org.bot, guest]) {
      const path = `/users/${person.user_id}/chats/${chatId}/outgoing_chat_invitations/${id}`;
      const answer = await ask(person, method, path, { is_expired: true });
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
    expect((await ask(inviter, method, `${outgoing(chatId)}/${UNKNOWN}`, { is_expired: true })).status).toBe(404);
  });

  it.each<[Json, string]>([
    [{}, 'This field is required.'],
    [{ is_expired: false }, 'Only true is allowed here.'],
    [{ is_expired: 1 }, 'Only true is allowed here.'],
  ])('refuses %j', async (body, message) => {
    const { chatId, id } = await invited();
    const answer = await ask(inviter, method, `${outgoing(chatId)}/${id}`, body);
    expect([answer.status, answer.json]).toEqual([400, { is_expired: [message] }]);
  });
});

describe('inviting refuses', () => {
  it('no invitee, several and malformed ones: 400', async () => {
    const { chatId } = await joinedChat();
    const exactlyOne = 'Exactly one of invited_user_id, invited_team_id, invited_organization_id is required.';
    for (const [body, errors] of [
      [{}, { non_field_errors: [exactlyOne] }],
      [{ invited_user_id: null }, { non_field_errors: [exactlyOne] }],
      [{ invited_user_id: UNKNOWN, invited_team_id: UNKNOWN }, { non_field_errors: [exactlyOne] }],
      [{ invited_team_id: 'second line' }, { invited_team_id: ['Must be a valid UUID.'] }],
    ] as const) {
      const answer = await invite(chatId, body);
      expect([answer.status, answer.json]).toEqual([400, errors]);
    }
  });

  it('an unknown or deleted invitee, and one of another organization: 404', async () => {
    const { chatId } = await joinedChat();
    const stranger = await TestOrganization.open();
    const leaver = await enrollAgent(org.organizationId);
    await admin(`/organizations/${org.organizationId}/users/${leaver.user_id}`, { method: 'DELETE' });
    for (const body of [
      { invited_user_id: UNKNOWN },
      { invited_user_id: leaver.user_id },
      { invited_user_id: stranger.agent.user_id },
      { invited_team_id: UNKNOWN },
      { invited_team_id: await addTeam(stranger, 'Others', []) },
      { invited_organization_id: stranger.organizationId },
    ]) {
      const answer = await invite(chatId, body);
      expect([answer.status, answer.json]).toEqual([404, { detail: 'User, team or organization not found.' }]);
    }
    expect(idsOf(await ask(inviter, 'GET', outgoing(chatId)))).toEqual([]);
  });

  it('chats of others: 404, and an ended chat: 400', async () => {
    const guest = await enrollAgent(org.organizationId);
    const unjoined = (await org.say(unique('thread'), 'help')).chatId;
    for (const id of [unjoined, UNKNOWN, 'nonsense']) {
      expect((await invite(id, { invited_user_id: guest.user_id })).status).toBe(404);
      expect((await ask(inviter, 'GET', outgoing(id))).status).toBe(404);
    }
    const { thread, chatId } = await joinedChat();
    await org.close(thread);
    const answer = await invite(chatId, { invited_user_id: guest.user_id });
    expect([answer.status, answer.json]).toEqual([400, { non_field_errors: ['The chat has ended.'] }]);
  });
});

describe('the lists of invitations', () => {
  it('are oldest first, page by page, and can be filtered by state', async () => {
    const { chatId } = await joinedChat();
    const guest = await enrollAgent(org.organizationId);
    await arrive(guest);
    const send = async () => String((await invite(chatId, { invited_user_id: guest.user_id })).json['id']);
    const accepted = await send();
    await ask(guest, 'PATCH', `/users/${guest.user_id}/incoming_chat_invitations/${accepted}`, { is_accepted: true });
    const expired = await send();
    await ask(inviter, 'PATCH', `${outgoing(chatId)}/${expired}`, { is_expired: true });
    const pending = await send();
    for (const [person, path] of [
      [inviter, `/chats/${chatId}/outgoing_chat_invitations`],
      [guest, '/incoming_chat_invitations'],
    ] as const) {
      const list = async (query: string) => idsOf(await own(person, `${path}?${query}`));
      expect(await list('')).toEqual([accepted, expired, pending]);
      expect(await list('is_accepted=true')).toEqual([accepted]);
      expect(await list('is_accepted=false')).toEqual([pending]);
      expect(await list('is_expired=true')).toEqual([expired]);
      expect(await list('is_expired=false')).toEqual([accepted, pending]);
      expect(await list('is_accepted=true&is_expired=true')).toEqual([]);
      const first = await own(person, `${path}?page_size=2`);
      const second = await ask(person, 'GET', String(first.json['next']));
      expect([idsOf(first), idsOf(second)]).toEqual([[accepted, expired], [pending]]);
      expect((await own(person, `${path}?is_accepted=maybe`)).status).toBe(400);
      expect((await own(person, `${path}?cursor=x`)).status).toBe(400);
    }
  });
});
