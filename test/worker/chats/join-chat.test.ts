import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, MEMBERSHIP_KEYS } from '../../support/worker/chat-keys.ts';
import {
  arrive,
  ask,
  enrollAgent,
  type Json,
  leave,
  TestOrganization,
  TIME,
  unique,
} from '../../support/worker/organization.ts';
import { idsOf, own, setOrganization } from '../../support/worker/organization-setup.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const PARTICIPATING = { is_participating: true, composing_status: 'idle' };
const REQUIRED = ['This field is required.'];
const DETAIL = { detail: expect.any(String) };

const newChat = async () => (await org.say(unique('thread'), 'help')).chatId;

async function presentAgent(organizationId = org.organizationId): Promise<Person> {
  const agent = await enrollAgent(organizationId);
  await arrive(agent);
  return agent;
}

describe('joining a pending chat', () => {
  const join = (person: Person, chatId: string, body: Json = PARTICIPATING) =>
    ask(person, 'POST', `/users/${person.user_id}/pending_chats/${chatId}/memberships`, body);

  it('works for one present user: 201, and the chat is no longer pending', async () => {
    const [first, second, chatId] = [await presentAgent(), await presentAgent(), await newChat()];
    const answer = await join(first, chatId);
    expect([answer.status, keysOf(answer.json)]).toEqual([201, MEMBERSHIP_KEYS]);
    expect(answer.json).toMatchObject({ member_id: first.user_id, is_participating: true, is_present: true });
    expect(await org.chat(chatId)).toMatchObject({ is_waiting: true, is_pending: false });
    for (const person of [first, second]) {
      const refused = await join(person, chatId);
      expect([refused.status, refused.json]).toEqual([404, { detail: 'The chat is not pending any more.' }]);
    }
    expect(await org.memberships(chatId)).toHaveLength(2);
  });

  it('works once when many try at the same time', async () => {
    const chatId = await newChat();
    const agents = await Promise.all(Array.from({ length: 8 }, () => presentAgent()));
    const answers = await Promise.all(agents.map((agent) => join(agent, chatId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(404)]);
    expect(await org.memberships(chatId)).toHaveLength(2);
  });

  it('removes it from the pending chats: its members are 404 there', async () => {
    const [agent, chatId] = [await presentAgent(), await newChat()];
    const members = () => own(agent, `/pending_chats/${chatId}/memberships`);
    expect(idsOf(await members())).toHaveLength(1);
    await join(agent, chatId);
    expect([(await members()).status, (await members()).json]).toEqual([404, DETAIL]);
  });

  it('makes it pending again when the user signs off before they have answered', async () => {
    const [agent, chatId] = [await presentAgent(), await newChat()];
    await join(agent, chatId);
    await leave(agent);
    expect(await org.chat(chatId)).toMatchObject({ is_pending: true, present_user_participant_count: 0 });
    expect(idsOf(await own(org.agent, '/pending_chats'))).toContain(chatId);
    await arrive(agent);
    expect(await org.chat(chatId)).toMatchObject({ is_pending: false, present_user_participant_count: 1 });
  });

  it('refuses an absent user: 409', async () => {
    const [agent, chatId] = [await enrollAgent(org.organizationId), await newChat()];
    const answer = await join(agent, chatId);
    expect([answer.status, answer.json]).toEqual([409, { detail: 'The user is not present.' }]);
    expect(await org.memberships(chatId)).toHaveLength(1);
  });

  it('refuses an ended chat and a chat that is routed to others: 404', async () => {
    const agent = await presentAgent();
    const { chatId } = await org.say(unique('thread'), 'over', { close_session: true });
    const foreign = await presentAgent((await TestOrganization.open()).organizationId);
    for (const [person, id] of [
      [agent, chatId],
      [foreign, await newChat()],
      [agent, 'nonsense'],
    ] as const) {
      const answer = await join(person, id);
      expect([answer.status, answer.json]).toEqual([404, DETAIL]);
    }
  });

  it.each<[Json, Json]>([
    [{}, { is_participating: REQUIRED, composing_status: REQUIRED }],
    [{ ...PARTICIPATING, composing_status: 'asleep' }, { composing_status: ['"asleep" is not a valid choice.'] }],
  ])('refuses %j', async (body, fields) => {
    const answer = await join(await presentAgent(), await newChat(), body);
    expect([answer.status, answer.json]).toEqual([400, fields]);
  });
});

describe.each(['owned_chats', 'involved_chats', 'routed_chats'])(
  'joining a user of the organization under %s',
  (collection) => {
    const join = (chatId: string, body: Json, person: Person = org.agent) =>
      ask(person, 'POST', `/orgs/${person.organization_id}/${collection}/${chatId}/memberships`, body);

    /** A chat of the collection: an involved one has a member already. */
    async function chatOfCollection(): Promise<string> {
      const chatId = await newChat();
      await org.join(org.bot, chatId, { is_participating: false, composing_status: 'idle' });
      return chatId;
    }

    it('works: 201, and 200 for a member', async () => {
      const [colleague, chatId] = [await presentAgent(), await chatOfCollection()];
      const answer = await join(chatId, { ...PARTICIPATING, member_id: colleague.user_id.toUpperCase() });
      expect([answer.status, keysOf(answer.json)]).toEqual([201, MEMBERSHIP_KEYS]);
      expect(answer.json).toMatchObject({
        member_id: colleague.user_id,
        member_name: 'Grace Hopper',
        is_present: true,
        created_at: TIME,
      });
      const again = await join(chatId, { ...PARTICIPATING, member_id: colleague.user_id });
      expect([again.status, again.json]).toEqual([200, answer.json]);
    });

    it('works for an absent user, who stays absent', async () => {
      const [colleague, chatId] = [await enrollAgent(org.organizationId), await chatOfCollection()];
      const answer = await join(chatId, { ...PARTICIPATING, member_id: colleague.user_id });
      expect([answer.status, answer.json]).toMatchObject([201, { is_participating: true, is_present: false }]);
      expect(await org.chat(chatId)).toMatchObject({ is_pending: true, present_user_participant_count: 0 });
      await arrive(colleague);
      expect(await org.chat(chatId)).toMatchObject({ is_pending: false, present_user_participant_count: 1 });
    });

    it('refuses users of other organizations', async () => {
      const chatId = await chatOfCollection();
      const stranger = await enrollAgent((await TestOrganization.open()).organizationId);
      for (const [member_id, message] of [
        [stranger.user_id, 'No user with this id in the organization.'],
        ['0190a000-0000-7000-8000-00000000dead', 'No user with this id in the organization.'],
        ['nobody', 'Must be a valid UUID.'],
        [undefined, 'This field is required.'],
      ] as const) {
        const answer = await join(chatId, { ...PARTICIPATING, member_id });
        expect([answer.status, answer.json]).toEqual([400, { member_id: [message] }]);
      }
      expect(await org.memberships(chatId)).toHaveLength(2);
    });

    it('refuses an unknown chat: 404', async () => {
      const other = await TestOrganization.open();
      const foreign = (await other.say(unique('thread'), 'help')).chatId;
      for (const id of [foreign, crypto.randomUUID(), '0190a000-0000-7000-8000-00000000dead', 'nonsense']) {
        const answer = await join(id, { ...PARTICIPATING, member_id: org.agent.user_id });
        expect([answer.status, answer.json]).toEqual([404, DETAIL]);
      }
    });

    it('refuses a private chat that is taken', async () => {
      const priv = await TestOrganization.open();
      const chatId = (await priv.say(unique('thread'), 'help')).chatId;
      await setOrganization(priv.organizationId, { private_chats: true });
      await priv.join(priv.agent, chatId);
      const body = { ...PARTICIPATING, member_id: priv.bot.user_id };
      const refused = await join(chatId, body, priv.agent);
      expect([refused.status, refused.json]).toEqual([409, DETAIL]);
      expect((await join(chatId, body, priv.reporter)).status).toBe(201);
    });
  },
);
