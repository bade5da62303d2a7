/** The documented integration example, step by step, then its batch examples, against one hub. */
import type { DemoOrganizations } from '../demo-organizations.ts';
import { type Agent, channelDocument, messageWebhook, receiptDocument, suggestionWebhook } from './documents.ts';
import { type Expected, uuid } from './expectation.ts';
import type { Play } from './play.ts';

const CHANNEL = 'email';
const TICKET = 'support-ticket-67890';
const CUSTOMER = 'customer@example.com';
const SUGGESTION = 'Your order #12345 was shipped yesterday and should arrive by Friday.';
const REPLY = 'Hi Jane! Your order #12345 was shipped yesterday. Tracking number: ABC123.';
const VARIABLES = { customer_name: 'Jane Doe', customer_email: CUSTOMER, ticket_id: 'TICKET-67890' };

type Scene = { play: Play; demo: DemoOrganizations; channels: string; channel: string; agent: Agent; bot: Agent };
type Resource = Record<string, unknown>;

/** Plays all steps. Differences are in `play.differences`. Throws when it cannot continue. */
export async function playIntegrationExample(play: Play, demo: DemoOrganizations, webhookUrl: string): Promise<void> {
  const channels = `/api/v5/orgs/${demo.organization_id}/unified_messaging`;
  const channel = await registerChannel(play, demo, channels, webhookUrl);
  const scene: Scene = {
    play,
    demo,
    channels,
    channel: `${channels}/${channel}`,
    agent: { id: demo.agent.id, first_name: 'Agent', last_name: 'Smith', is_bot: false },
    bot: { id: demo.bot.id, first_name: 'AI', last_name: 'Assistant', is_bot: true },
  };
  await forwardFirstMessage(scene);
  await forwardFollowUp(scene);
  await replyAsAgent(scene);
  await suggestReply(scene);
  await sendApprovedSuggestion(scene);
  await closeSession(scene);
  await sendBatch(scene);
  await sendMixedBatch(scene);
  await play.checkNothingElseCame();
}

async function registerChannel(
  play: Play,
  demo: DemoOrganizations,
  channels: string,
  webhookUrl: string,
): Promise<string> {
  play.step('Step 1: register the channel');
  const channel = {
    name: 'Support Email Gateway',
    messaging_channel: CHANNEL,
    room_id: demo.room_id,
    reply_webhook_url: webhookUrl,
  };
  const expected = channelDocument(channel, demo.organization_id);
  await play.call({ method: 'POST', path: channels, token: demo.settings_token, body: channel }, 201, expected);
  const id = play.value('CONFIG_UUID');
  const list = await play.call(
    { method: 'GET', path: channels, token: demo.settings_token, shown: '(the list of channels)' },
    200,
    null,
  );
  const inList = results(list).find((entry) => entry['id'] === id);
  play.check(inList !== undefined, 'the channel is in the list');
  const secret = await play.call(
    { method: 'GET', path: `${channels}/${id}/secret`, token: demo.settings_token, shown: '(the secret)' },
    200,
    null,
  );
  play.followChannel(`${channels}/${id}`, demo.settings_token, String((secret as Resource)['secret']));
  return id;
}

async function forwardFirstMessage(scene: Scene): Promise<void> {
  const { play, demo } = scene;
  play.step('Step 2: forward the first message');
  const body = {
    messages: [visitorMessage('Hi, I need help with my order #12345', TICKET, CUSTOMER, 'email-msg-001')],
    variables: VARIABLES,
  };
  await sendMessages(scene, body, receiptDocument('', [''], true));

  const chat = play.value('CHAT_SESSION_UUID');
  const room = `/api/v5/orgs/${demo.organization_id}/rooms/${demo.room_id}`;
  const pending = await play.call(
    { method: 'GET', path: `${room}/pending_chats`, token: demo.settings_token, shown: '(the waiting queue)' },
    200,
    null,
  );
  play.check(
    results(pending).some((entry) => entry['id'] === chat),
    "the chat is in the room's waiting queue",
  );
  const session = await ownedChat(scene, chat);
  play.check(session['chat_type'] === 'external', 'the session is of the type external');

  const members = await play.call(
    { method: 'GET', path: `${ownedChats(scene)}/${chat}/memberships`, token: demo.settings_token, shown: '(members)' },
    200,
    null,
  );
  const visitors = results(members).filter((member) => member['member_type'] === 'visitor');
  play.check(visitors.length === 1, 'the chat has one visitor');
  const variables = await play.call(
    {
      method: 'GET',
      path: `${room}/visitors/${String(visitors[0]?.['member_id'])}/variables`,
      token: demo.settings_token,
      shown: "(the visitor's variables)",
    },
    200,
    null,
  );
  const stored = new Map(results(variables).map((variable) => [variable['key'], variable['value']]));
  play.check(
    stored.size === 3 && Object.entries(VARIABLES).every(([key, value]) => stored.get(key) === value),
    'the visitor has the three variables',
  );
}

async function forwardFollowUp(scene: Scene): Promise<void> {
  scene.play.step('Step 3: the customer follows up in the same thread');
  const text = 'My order number is #12345, placed on February 28th';
  const body = { messages: [visitorMessage(text, TICKET, CUSTOMER, 'email-msg-002')] };
  await sendMessages(scene, body, receiptDocument('', ['_2'], false));
}

async function replyAsAgent(scene: Scene): Promise<void> {
  const { play, demo } = scene;
  play.step('Step 4: an agent joins and replies; the webhook brings the reply');
  const chat = play.value('CHAT_SESSION_UUID');
  const user = `/api/v5/users/${demo.agent.id}`;
  await play.call(
    {
      method: 'POST',
      path: `${user}/routed_chats/${chat}/memberships`,
      token: demo.agent.token,
      body: { is_participating: true, composing_status: 'idle' },
    },
    201,
    null,
  );
  const message = await play.call(
    { method: 'POST', path: `${user}/chats/${chat}/messages`, token: demo.agent.token, body: { message: REPLY } },
    200,
    null,
  );
  await play.webhook(
    messageWebhook(facts(scene, '', TICKET, 'REPLY_SEQ', null), {
      name: 'REPLY_MESSAGE_UUID',
      text: REPLY,
      sender: scene.agent,
    }),
  );
  play.check((message as Resource)['id'] === play.value('REPLY_MESSAGE_UUID'), 'the webhook names the message sent');
}

async function suggestReply(scene: Scene): Promise<void> {
  const { play, demo, bot } = scene;
  play.step('Step 5: a bot suggests a reply; the webhook brings the suggestion');
  const chat = play.value('CHAT_SESSION_UUID');
  const message = play.value('MESSAGE_UUID');
  await play.call(
    {
      method: 'POST',
      path: `/api/v5/users/${demo.bot.id}/routed_chats/${chat}/messages/${message}/reply_suggestions`,
      token: demo.bot.token,
      body: { suggestion: SUGGESTION, relevancy_score: 0.92 },
    },
    201,
    null,
  );
  await play.webhook(
    suggestionWebhook(facts(scene, '', TICKET, 'SUGGESTION_SEQ', 'REPLY_SEQ'), {
      text: SUGGESTION,
      relevancyScore: 0.92,
      creator: bot,
      message: 'MESSAGE_UUID',
      organizationId: demo.organization_id,
    }),
  );
}

async function sendApprovedSuggestion(scene: Scene): Promise<void> {
  const { play, agent } = scene;
  play.step('Step 5, second part: the approved suggestion is sent as a reply');
  const body = {
    messages: [
      {
        ...visitorMessage(SUGGESTION, TICKET, agent.id, 'reply-msg-003'),
        sender_type: 'user',
        selected_reply_suggestion_id: play.value('SUGGESTION_UUID'),
      },
    ],
  };
  await sendMessages(scene, body, receiptDocument('', ['_3'], false));
  await play.webhook(
    messageWebhook(facts(scene, '', TICKET, 'MESSAGE_SEQ_3', 'SUGGESTION_SEQ'), {
      name: 'MESSAGE_UUID_3',
      text: SUGGESTION,
      sender: agent,
      suggestion: { id: uuid('SUGGESTION_UUID'), suggestion: SUGGESTION, relevancy_score: 0.92 },
    }),
  );
}

async function closeSession(scene: Scene): Promise<void> {
  const { play, demo, channel } = scene;
  play.step('Step 6: close the session');
  const request = {
    method: 'POST',
    path: `${channel}/close_session`,
    token: demo.settings_token,
    body: { thread_id: TICKET },
  } as const;
  const closed = { chat_session_id: uuid('CHAT_SESSION_UUID'), thread_id: TICKET, is_ended: true };
  await play.call(request, 200, { ...closed, message: 'Chat session closed successfully' });
  await play.call(request, 200, { ...closed, message: 'Chat session was already closed' });

  const body = { messages: [visitorMessage('One more question', TICKET, CUSTOMER, 'email-msg-004')] };
  await sendMessages(scene, body, receiptDocument('', ['_4'], true, '_AFTER_CLOSE'));
  play.check(
    play.value('CHAT_SESSION_UUID_AFTER_CLOSE') !== play.value('CHAT_SESSION_UUID'),
    'the thread has a new session under the same mapping',
  );
}

async function sendBatch(scene: Scene): Promise<void> {
  const { play } = scene;
  play.step('Batch: two messages of a visitor');
  const thread = 'email-thread-99';
  const body = {
    messages: [
      visitorMessage('Hi, I have two questions.', thread, 'customer@shop.com', 'batch-msg-001'),
      visitorMessage('First: when will my order arrive?', thread, 'customer@shop.com', 'batch-msg-002'),
    ],
  };
  await sendMessages(scene, body, receiptDocument('_99', ['_99_1', '_99_2'], true));
  const chat = await ownedChat(scene, play.value('CHAT_SESSION_UUID_99'));
  play.check(chat['is_waiting'] === true, 'the chat waits for an answer');
}

async function sendMixedBatch(scene: Scene): Promise<void> {
  const { play, agent } = scene;
  play.step('Batch: a visitor and a user, without waiting');
  const thread = 'email-thread-100';
  const autoReply = 'Auto-reply: We received your message!';
  const body = {
    messages: [
      {
        ...visitorMessage('Customer question via email', thread, 'customer@shop.com', 'mix-msg-001'),
        sender_type: 'visitor',
      },
      { ...visitorMessage(autoReply, thread, agent.id, 'mix-msg-002'), sender_type: 'user' },
    ],
    skip_waiting_state: true,
  };
  await sendMessages(scene, body, receiptDocument('_100', ['_100_1', '_100_2'], true));
  await play.webhook(
    messageWebhook(facts(scene, '_100', thread, 'MESSAGE_SEQ_100_2', null), {
      name: 'MESSAGE_UUID_100_2',
      text: autoReply,
      sender: agent,
    }),
  );
  const chat = await ownedChat(scene, play.value('CHAT_SESSION_UUID_100'));
  play.check(chat['is_waiting'] === false, 'the chat does not wait');
}

function visitorMessage(body: string, thread_id: string, sender_id: string, message_id: string) {
  return { body, thread_id, sender_id, message_id };
}

async function sendMessages(scene: Scene, body: unknown, expected: Expected): Promise<void> {
  const path = `${scene.channel}/messages`;
  await scene.play.call({ method: 'POST', path, token: scene.demo.settings_token, body }, 201, expected);
}

function ownedChats(scene: Scene): string {
  return `/api/v5/orgs/${scene.demo.organization_id}/owned_chats`;
}

async function ownedChat(scene: Scene, chat: string): Promise<Resource> {
  const path = `${ownedChats(scene)}/${chat}`;
  const shown = '(the chat)';
  const body = await scene.play.call({ method: 'GET', path, token: scene.demo.settings_token, shown }, 200, null);
  return body as Resource;
}

function facts(scene: Scene, thread: string, threadId: string, seq: string, prevSeq: string | null) {
  return { thread, threadId, channel: CHANNEL, roomId: scene.demo.room_id, seq, prevSeq };
}

function results(page: unknown): Resource[] {
  const list = (page as { results?: unknown } | null)?.results;
  return Array.isArray(list) ? (list as Resource[]) : [];
}
