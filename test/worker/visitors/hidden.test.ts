import { beforeAll, describe, expect, it } from 'vitest';
import { ask, type Json, resultsOf } from '../../support/worker/organization.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let site: Site;
let visitor: Visitor;
let chatId: string;

beforeAll(async () => {
  site = await Site.open();
  visitor = await site.visitor();
  chatId = await site.chat(visitor);
  await site.say(visitor, chatId, 'hello');
  await site.answerBy(site.agent, chatId, null);
});

const messages = (below = '') => `/visitors/${visitor.id}/chats/${chatId}/messages${below}`;
const agentsMessages = () => `/users/${site.agent.user_id}/chats/${chatId}/messages`;

/** What the agent sends, as the visitor sees it. The single message and the list must agree. */
async function shown(message: Json): Promise<Json> {
  const alone = await visit(visitor.token, 'GET', messages(`/${message['id']}`));
  expect([alone.status, alone.text]).toEqual([200, expect.any(String)]);
  const listed = resultsOf(await visit(visitor.token, 'GET', messages()));
  expect(listed.find(({ id }) => id === message['id'])).toEqual(alone.json);
  return alone.json;
}

describe('the parts of messages that visitors do not see', () => {
  it('include the suggestion of a text, which users see', async () => {
    const [first] = resultsOf(await ask(site.agent, 'GET', agentsMessages()));
    const path = `${agentsMessages()}/${first?.['id']}/reply_suggestions`;
    const suggestion = await ask(site.agent, 'POST', path, { suggestion: 'Say ok', relevancy_score: 0.5 });
    expect(suggestion.status).toBe(201);
    const { id } = suggestion.json;
    const sent = await ask(site.agent, 'POST', agentsMessages(), { message: 'ok', selected_reply_suggestion_id: id });
    expect(sent.json).toMatchObject({ selected_reply_suggestion_id: id, selected_reply_suggestion: { id } });
    expect(await shown(sent.json)).toMatchObject({
      message: 'ok',
      selected_reply_suggestion_id: null,
      selected_reply_suggestion: null,
    });
  });

  it.each([
    ['interaction', { interaction_id: '0190a000-0000-7000-8000-0000000000aa', parameters: { mode: 'x' } }],
    ['external', { attachment_url: 'https://pages.example/form', parameters: { mode: 'x' } }],
  ])('include title and text of an attachment with the template %s', async (attachment_template, parts) => {
    const attachments = [{ title: 'Churn survey', text: 'Ask before the offer', ...parts }];
    const sent = await ask(site.agent, 'POST', agentsMessages(), { message: 'x', attachment_template, attachments });
    expect([sent.status, sent.text]).toEqual([200, expect.stringContaining('Churn survey')]);
    const [whole] = sent.json['attachments'] as Json[];
    const hidden = { ...whole, title: null, text: null };
    expect((await shown(sent.json))['attachments']).toEqual([hidden]);

    const answer = await visit(visitor.token, 'POST', messages(), {
      type: 'action',
      response_to_message_id: sent.json['id'],
      response_to_attachment_id: whole?.['id'],
      response_text: 'Because',
    });
    expect([answer.status, answer.json]).toEqual([
      201,
      expect.objectContaining({ message: null, response_to_attachment: hidden, response_text: 'Because' }),
    ]);
    expect(await shown(answer.json)).toEqual(answer.json);
    const forUsers = await ask(site.agent, 'GET', `${agentsMessages()}/${answer.json['id']}`);
    expect(forUsers.json).toMatchObject({ message: 'Churn survey', response_to_attachment: whole });
  });
});
