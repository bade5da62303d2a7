import { beforeAll, describe, expect, it } from 'vitest';
import { ask, enrollAgent, resultsOf, TestOrganization } from '../../support/worker/organization.ts';
import { enroll, type Person } from '../../support/worker/requests.ts';

let org: TestOrganization;
let waiting: string;
let ended: string;

const row = (person: Person, chatId: string) => ask(person, 'GET', `/users/${person.user_id}/inbox/${chatId}`);
const view = async (person: Person, name: string) =>
  resultsOf(await ask(person, 'GET', `/users/${person.user_id}/inbox?view=${name}`));

beforeAll(async () => {
  org = await TestOrganization.open({ name: 'Support mail', messaging_channel: 'email' });
  waiting = (await org.say('waits', 'Where is my order?')).chatId;
  await org.say('other', 'Hello');
  ended = (await org.say('ended', 'Bye')).chatId;
  expect((await org.close('ended')).status).toBe(200);
});

describe('a row of an inbox', () => {
  it.each([
    ['that waits', () => waiting, 'waiting'],
    ['that has ended', () => ended, 'closed'],
  ])('of a chat %s is as its view has it', async (_, chatId, name) => {
    const [listed] = (await view(org.agent, name)).filter(({ chat }) => (chat as { id: string }).id === chatId());
    const answer = await row(org.agent, chatId());
    expect([answer.status, answer.json]).toEqual([200, listed]);
    expect(answer.json['last_message']).toMatchObject({ message: expect.any(String) });
  });

  it('is not found when the chat is unknown or of another organization', async () => {
    const unknown = `${waiting.slice(0, -1)}${waiting.endsWith('0') ? '1' : '0'}`;
    const stranger = await enroll();
    for (const answer of [await row(org.agent, unknown), await row(stranger, waiting)]) {
      expect([answer.status, answer.json]).toEqual([404, { detail: expect.any(String) }]);
    }
  });

  it('stays with a member when the chat is not routed to them any more, and with nobody else', async () => {
    const other = await TestOrganization.open();
    const { chatId } = await other.say('taken', 'Hello');
    await other.join(other.agent, chatId);
    expect((await row(await enrollAgent(other.organizationId), chatId)).status).toBe(200);
    await other.routeTo([{ kind: 'user', id: other.bot.user_id }]);
    const own = await row(other.agent, chatId);
    expect([own.status, own.json['own']]).toEqual([200, expect.objectContaining({ is_participating: true })]);
    expect((await row(await enrollAgent(other.organizationId), chatId)).status).toBe(404);
  });
});
