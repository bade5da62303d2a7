import { beforeAll, describe, expect, it } from 'vitest';
import {
  addressOf,
  bodyFor,
  everythingOf,
  fill,
  type Names,
  OPERATIONS,
  type Operation,
} from '../../support/worker/chat-operations.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import { arrive, ask, enrollAgent, TestOrganization, unique } from '../../support/worker/organization.ts';
import { allowTag, setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import { type Answer, admin, call, type Person } from '../../support/worker/requests.ts';

const EVERY_SCOPE = ['settings', 'reports', 'users'];
const PARTICIPATING = { is_participating: true, composing_status: 'idle' };
const DETAIL = { detail: expect.any(String) };

/** A room of one organization that is shared with another. A router of the room names the other's users. */
async function openShared() {
  const owner = await TestOrganization.open();
  const partner = await TestOrganization.open();
  const { roomId } = owner.gateway;
  await shareRoom(owner, roomId, partner);
  await owner.routeTo([
    { kind: 'all', include_bots: true },
    { kind: 'organization', id: partner.organizationId },
  ]);
  await allowTag(owner, 'Lead');
  const agent = await enrollAgent(partner.organizationId, {}, EVERY_SCOPE);
  await arrive(agent);
  return { owner, partner, agent };
}

async function unshare({ owner, partner }: { owner: TestOrganization; partner: TestOrganization }): Promise<void> {
  const share = `/organizations/${owner.organizationId}/rooms/${owner.gateway.roomId}/shares/${partner.organizationId}`;
  expect((await admin(share, { method: 'DELETE' })).status).toBe(204);
}

const attempt = (operation: Operation, person: Person, names: Names): Promise<Answer> =>
  call(addressOf(operation, { ...names, user_id: person.user_id, organization_id: person.organization_id }), {
    method: operation.method,
    authorization: `Bearer ${person.token}`,
    ...bodyFor(operation, person.user_id),
  });

/** A draft is its writer's: nobody reads another one's. */
async function writeDraft(person: Person, place: 'chats' | 'routed_chats', { chat_id }: Names): Promise<void> {
  const path = `/users/${person.user_id}/${place}/${chat_id}/draft`;
  expect((await ask(person, 'PUT', path, { message: 'Dear Li' })).status).toBe(200);
}

/** The operations that name a chat, or a room. */
const ofOthers = OPERATIONS.filter(({ path }) => /\{(chat|room)_id\}/.test(path));
const isRead = ({ method }: Operation) => method === 'GET';

/**
 * In these collections a shared room's chats are visible to the partner: routed to its users, or to the organization.
 */
const isRouted = ({ path }: Operation) =>
  path.includes('/routed_chats/') || /^\/users\/\{user_id\}\/(rooms|inbox)\//.test(path) || isPending({ path });
const isPending = ({ path }: { path: string }) => path.startsWith('/users/{user_id}/pending_chats/');

describe('a user of a partner, with every scope, in a shared room', () => {
  let shared: Awaited<ReturnType<typeof openShared>>;
  let names: Names;
  /** The path parameters of a chat that nobody has taken. */
  let waiting: Names;

  const newChat = async () => (await shared.owner.say(unique('thread'), 'help')).chatId;

  beforeAll(async () => {
    shared = await openShared();
    names = await fill(shared.owner, shared.owner.agent);
    const chat_id = await newChat();
    const [visitor] = await shared.owner.memberships(chat_id);
    waiting = { ...names, chat_id, member_id: String(visitor?.['member_id']) };
    await writeDraft(shared.agent, 'routed_chats', names);
  });

  it.each(ofOthers.filter((operation) => isRead(operation) && isRouted(operation)))(
    'reads $path',
    async (operation) => {
      const answer = await attempt(operation, shared.agent, isPending(operation) ? waiting : names);
      expect([answer.status, answer.text]).toEqual([200, answer.text]);
    },
  );

  it.each(ofOthers.filter((operation) => !isRouted(operation)))(
    'gets 404 from $method $path, and writes nothing',
    async (operation) => {
      const state = async () => [await countRows(), await everythingOf(shared.owner, names['chat_id'] ?? '')];
      const before = await state();
      const answer = await attempt(operation, shared.agent, names);
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
      expect(await state()).toEqual(before);
    },
  );

  it('may do what routing allows: join, add a colleague, suggest, tag', async () => {
    const { agent, partner, owner } = shared;
    const under = (place: string) => ({
      user: `/users/${agent.user_id}/${place}`,
      org: `${partner.organizationPath}/${place}`,
    });
    const [pending, routed] = [await newChat(), await newChat()];
    expect((await ask(agent, 'POST', under(`pending_chats/${pending}/memberships`).user, PARTICIPATING)).status).toBe(
      201,
    );
    expect((await ask(agent, 'POST', under(`routed_chats/${routed}/memberships`).user, PARTICIPATING)).status).toBe(
      201,
    );

    const chat = names['chat_id'] ?? '';
    const members = under(`routed_chats/${chat}/memberships`).org;
    const colleague = { ...PARTICIPATING, member_id: partner.agent.user_id };
    expect((await ask(agent, 'POST', members, colleague)).status).toBe(201);
    const owners = await ask(agent, 'POST', members, { ...PARTICIPATING, member_id: owner.agent.user_id });
    expect([owners.status, Object.keys(owners.json)]).toEqual([400, ['member_id']]);

    const suggestions = under(`routed_chats/${chat}/messages/${names['message_id']}/reply_suggestions`).user;
    expect((await ask(agent, 'POST', suggestions, { suggestion: 'Tomorrow.' })).status).toBe(201);
    const change = { suggestion: 'Never.' };
    const ownersSuggestion = await ask(agent, 'PATCH', `${suggestions}/${names['reply_suggestion_id']}`, change);
    expect([ownersSuggestion.status, ownersSuggestion.json]).toEqual([404, DETAIL]);

    const tags = under(`routed_chats/${chat}/tags`).org;
    expect((await ask(agent, 'POST', tags, { name: 'Partner' })).status).toBe(201);
    expect((await ask(agent, 'DELETE', `${tags}/Partner`)).status).toBe(204);
  });
});

describe('a room that is no longer shared', () => {
  let shared: Awaited<ReturnType<typeof openShared>>;
  let names: Names;
  let member: Person;

  beforeAll(async () => {
    shared = await openShared();
    names = await fill(shared.owner, shared.owner.agent);
    member = await enrollAgent(shared.partner.organizationId, {}, EVERY_SCOPE);
    await arrive(member);
  });

  it('gives a partner’s users access only to chats of which they are members', async () => {
    const chat = names['chat_id'] ?? '';
    const joining = `/users/${member.user_id}/routed_chats/${chat}/memberships`;
    expect((await ask(member, 'POST', joining, PARTICIPATING)).status).toBe(201);
    await writeDraft(member, 'chats', names);
    await unshare(shared);
    // The involved chats of their organization stay visible, because the user is a member.
    const isKept = ({ path }: { path: string }) => path.includes('/involved_chats/');
    const isMembers = ({ path }: Operation) =>
      /\/users\/\{user_id\}\/(chats|chat_memberships|inbox)\/\{chat_id\}/.test(path) || isKept({ path });
    for (const operation of ofOthers.filter((each) => !isKept(each))) {
      const opensChat = operation.method === 'POST' && operation.path.endsWith('/visitors/{visitor_id}/chats');
      const answer = await attempt(operation, shared.agent, names);
      expect([operation, answer.status]).toEqual([operation, opensChat ? 403 : 404]);
    }
    for (const operation of ofOthers.filter(isRead)) {
      // The invitation and the message are another user's. The message is older than the membership by which the partner
      // reads.
      const isEarlier = isKept(operation) && operation.path.includes('{message_id}');
      const isOthers = operation.path.includes('{invitation_id}') || isEarlier || operation.path.endsWith('/delivery');
      const answer = await attempt(operation, member, names);
      const expected = isMembers(operation) && !isOthers ? 200 : 404;
      expect([operation, answer.status]).toEqual([operation, expected]);
    }
    const message = await ask(member, 'POST', `/users/${member.user_id}/chats/${chat}/messages`, {
      message: 'Still here.',
    });
    expect(message.status).toBe(200);
  });
});

describe('a private chat that a user has taken', () => {
  it('can be joined only by invited users', async () => {
    const org = await TestOrganization.open();
    await setOrganization(org.organizationId, { private_chats: true });
    const { chatId } = await org.say(unique('thread'), 'help');
    await org.join(org.agent, chatId);
    expect((await org.join(org.bot, chatId)).status).toBe(409);
    const sending = `/users/${org.agent.user_id}/chats/${chatId}/outgoing_chat_invitations`;
    const sent = await ask(org.agent, 'POST', sending, { invited_user_id: org.bot.user_id });
    const accepting = `/users/${org.bot.user_id}/incoming_chat_invitations/${sent.json['id']}`;
    expect((await ask(org.bot, 'PATCH', accepting, { is_accepted: true })).status).toBe(200);
    const third = await enrollAgent(org.organizationId);
    expect((await org.join(third, chatId)).status).toBe(409);
  });
});
