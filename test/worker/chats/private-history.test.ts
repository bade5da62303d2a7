import { describe, expect, it } from 'vitest';
import { LiveClient } from '../../support/worker/live-client.ts';
import { arrive, ask, enrollAgent, resultsOf, TestOrganization, unique } from '../../support/worker/organization.ts';
import { setOrganization, shareRoom } from '../../support/worker/organization-setup.ts';
import type { Answer, Person } from '../../support/worker/requests.ts';

const SILENT = { is_participating: false, composing_status: 'idle' };

const own = (person: Person, path: string) => `/users/${person.user_id}${path}`;
const get = (person: Person, path: string) => ask(person, 'GET', path);
const idsOf = (answer: Answer, key = 'id') => resultsOf(answer).map((one) => one[key]);
const textsOf = (answer: Answer) => resultsOf(answer).flatMap(({ message }) => message ?? []);

/** A suggestion under the routed chats of a person, who may read them; answers its id. */
async function suggest(person: Person, chatId: string, messageId: unknown, suggestion: string): Promise<unknown> {
  const path = own(person, `/routed_chats/${chatId}/messages/${messageId}/reply_suggestions`);
  const answer = await ask(person, 'POST', path, { suggestion });
  expect(answer.status).toBe(201);
  return answer.json['id'];
}

describe('private history', () => {
  it('shows a silent member without `reports` the texts from the start of the membership on', async () => {
    const org = await TestOrganization.open();
    const reporter = await enrollAgent(org.organizationId, {}, ['reports']);
    const threadId = unique('thread');
    const { chatId, ids } = await org.say(threadId, 'before');
    await org.suggest(chatId, ids[0] ?? '', 'an early suggestion');
    await setOrganization(org.organizationId, { private_chat_history: true });
    for (const person of [org.agent, reporter]) {
      await arrive(person);
      const joined = await ask(person, 'POST', own(person, `/routed_chats/${chatId}/memberships`), SILENT);
      expect(joined.status).toBe(201);
    }
    const later = await org.say(threadId, 'after');
    const late = await suggest(reporter, chatId, later.ids[0], 'a late suggestion');

    const messages = (person: Person, query = '') => get(person, own(person, `/chats/${chatId}/messages${query}`));
    expect(textsOf(await messages(org.agent))).toEqual(['after']);
    expect(textsOf(await messages(org.agent, '?ordering=-created_at&page_size=1'))).toEqual(['after']);
    expect((await messages(org.agent, `/${ids[0]}`)).status).toBe(404);
    expect((await messages(org.agent, `/${later.ids[0]}`)).status).toBe(200);
    expect((await messages(org.agent, `/${ids[0]}/reply_suggestions`)).status).toBe(404);
    const suggested = await get(org.agent, own(org.agent, `/chats/${chatId}/reply_suggestions`));
    expect(idsOf(suggested, 'suggestion')).toEqual(['a late suggestion']);
    const all = await get(reporter, own(reporter, `/chats/${chatId}/reply_suggestions`));
    const [early] = resultsOf(all);
    expect(idsOf(all, 'suggestion')).toEqual(['an early suggestion', 'a late suggestion']);
    const hidden = await get(org.agent, own(org.agent, `/chats/${chatId}/reply_suggestions/${early?.['id']}`));
    expect(hidden.status).toBe(404);
    // Nor does a change of the suggestion, or a message that selects it, tell its text.
    const change = (messageId: unknown, id: unknown) => {
      const path = own(org.agent, `/chats/${chatId}/messages/${messageId}/reply_suggestions/${id}`);
      return ask(org.agent, 'PATCH', path, { relevancy_score: 0.1 });
    };
    expect((await change(ids[0], early?.['id'])).status).toBe(404);
    expect((await change(later.ids[0], late)).status).toBe(200);
    const select = async (id: unknown) => {
      const posted = { message: 'hello', selected_reply_suggestion_id: id };
      const { status, json } = await ask(org.agent, 'POST', own(org.agent, `/chats/${chatId}/messages`), posted);
      return [status, json];
    };
    const unknown = await select(crypto.randomUUID());
    expect(unknown).toEqual([400, { selected_reply_suggestion_id: [expect.any(String)] }]);
    expect(await select(early?.['id'])).toEqual(unknown);
    expect(await select(late)).toMatchObject([200, { selected_reply_suggestion: { suggestion: 'a late suggestion' } }]);
    expect(textsOf(await messages(reporter))).toEqual(['before', 'after', 'hello']);

    // Who takes part must know what they answer; everybody sees that they do.
    await ask(org.agent, 'PATCH', own(org.agent, `/chat_memberships/${chatId}`), { is_participating: true });
    expect(textsOf(await messages(org.agent))).toEqual(['before', 'after', 'hello']);
    await ask(org.agent, 'PATCH', own(org.agent, `/chat_memberships/${chatId}`), { is_participating: false });
    expect(textsOf(await messages(org.agent))).toEqual(['after', 'hello']);
  });

  it('tells sockets of silent members no change of what was written before they came', async () => {
    const org = await TestOrganization.open();
    const threadId = unique('thread');
    const { chatId, ids } = await org.say(threadId, 'before');
    const early = await org.suggest(chatId, ids[0] ?? '', 'an early suggestion');
    await setOrganization(org.organizationId, { private_chat_history: true });
    await arrive(org.agent);
    expect((await ask(org.agent, 'POST', own(org.agent, `/routed_chats/${chatId}/memberships`), SILENT)).status).toBe(
      201,
    );
    const later = await org.say(threadId, 'after');

    const paths = ['reply_suggestions', `messages/${ids[0]}/reply_suggestions`];
    const channels = paths.map((path) => `/api/v5${own(org.agent, `/chats/${chatId}/${path}`)}`);
    const socket = await LiveClient.ofUser(org.agent);
    await socket.subscribe(channels);
    const reporter = await enrollAgent(org.organizationId, {}, ['reports']);
    const change = (messageId: unknown, id: unknown, suggestion: string) => {
      const path = own(reporter, `/routed_chats/${chatId}/messages/${messageId}/reply_suggestions/${id}`);
      return ask(reporter, 'PATCH', path, { suggestion });
    };
    expect((await change(ids[0], early, 'improved')).status).toBe(200);
    const late = await suggest(reporter, chatId, later.ids[0], 'a late suggestion');
    const { notifications } = await socket.next('notifications');
    expect(notifications).toMatchObject([{ channel: channels[0], action: 'added', resource_id: late }]);
    expect((await change(later.ids[0], late, 'a later one')).status).toBe(200);
    expect(await socket.nextChange(channels[0] ?? '')).toMatchObject({ resource: { suggestion: 'a later one' } });
    socket.close();
  });

  it('of the owner of a shared room counts for a partner’s silent member, and for the partner', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    await shareRoom(owner, owner.gateway.roomId, partner);
    await owner.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    const threadId = unique('thread');
    const { chatId } = await owner.say(threadId, 'before');
    await arrive(partner.agent);
    const joined = await ask(partner.agent, 'POST', own(partner.agent, `/routed_chats/${chatId}/memberships`), SILENT);
    expect(joined.status).toBe(201);
    const messages = () => get(partner.agent, own(partner.agent, `/chats/${chatId}/messages`));
    expect(textsOf(await messages())).toEqual(['before']);
    await setOrganization(owner.organizationId, { private_chat_history: true });
    await owner.say(threadId, 'after');
    expect(textsOf(await messages())).toEqual(['after']);
    const involved = `${partner.organizationPath}/involved_chats/${chatId}/messages`;
    expect((await get(partner.agent, involved)).status).toBe(404);
    const reporter = await enrollAgent(partner.organizationId, {}, ['reports']);
    expect(textsOf(await get(reporter, involved))).toEqual(['before', 'after']);
  });

  it('of the owner of a shared room shows a partner’s users what came since their colleague takes part', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    await shareRoom(owner, owner.gateway.roomId, partner);
    await owner.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    const [first, second] = [partner.agent, await enrollAgent(partner.organizationId)];
    const colleague = await enrollAgent(partner.organizationId);
    const reporter = await enrollAgent(partner.organizationId, {}, ['reports']);
    const threadId = unique('thread');
    const { chatId, ids } = await owner.say(threadId, 'before');
    const joinOpenly = (person: Person) => owner.join(person, chatId);
    expect((await joinOpenly(first)).status).toBe(201);
    await owner.say(threadId, 'meanwhile');
    expect((await joinOpenly(second)).status).toBe(201);
    await owner.say(threadId, 'after');
    const involved = `${partner.organizationPath}/involved_chats/${chatId}/messages`;
    const texts = async (person: Person, path = involved) => textsOf(await get(person, `${path}?type__in=msg`));
    const everything = ['before', 'meanwhile', 'after'];
    expect(await texts(colleague)).toEqual(everything);

    await setOrganization(owner.organizationId, { private_chat_history: true });
    expect(await texts(colleague)).toEqual(['meanwhile', 'after']);
    expect((await get(colleague, `${involved}/${ids[0]}`)).status).toBe(404);
    expect(await texts(reporter)).toEqual(everything);
    // Who takes part reads what they answer.
    expect(await texts(second, own(second, `/chats/${chatId}/messages`))).toEqual(everything);
    const leave = (person: Person) =>
      ask(person, 'PATCH', own(person, `/chat_memberships/${chatId}`), { is_participating: false });
    expect((await leave(first)).status).toBe(200);
    expect(await texts(colleague)).toEqual(['after']);
    expect((await leave(second)).status).toBe(200);
    expect((await get(colleague, involved)).status).toBe(404);
  });

  it('of the owner of a shared room hides the suggestions of routed chats from partners without `reports`', async () => {
    const owner = await TestOrganization.open();
    const partner = await TestOrganization.open();
    await shareRoom(owner, owner.gateway.roomId, partner);
    await owner.routeTo([{ kind: 'organization', id: partner.organizationId }, { kind: 'all' }]);
    const reporter = await enrollAgent(partner.organizationId, {}, ['reports']);
    const { chatId, ids } = await owner.say(unique('thread'), 'my secret');
    const id = await suggest(owner.agent, chatId, ids[0], 'You wrote: my secret');
    const doors = ['/reply_suggestions', `/messages/${ids[0]}/reply_suggestions`].flatMap((list) => [
      list,
      `${list}/${id}`,
    ]);
    const statuses = (person: Person) =>
      Promise.all(doors.map(async (door) => (await get(person, own(person, `/routed_chats/${chatId}${door}`))).status));
    expect(await statuses(partner.agent)).toEqual([200, 200, 200, 200]);
    await setOrganization(owner.organizationId, { private_chat_history: true });
    expect(await statuses(partner.agent)).toEqual([404, 404, 404, 404]);
    expect(await statuses(reporter)).toEqual([200, 200, 200, 200]);
    expect(await statuses(owner.agent)).toEqual([403, 403, 403, 403]);
  });
});
