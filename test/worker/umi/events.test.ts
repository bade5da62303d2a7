import { beforeAll, describe, expect, it } from 'vitest';
import { keysOf, MESSAGE_KEYS, NESTED_USER_KEYS, SUGGESTION_KEYS } from '../../support/worker/chat-keys.ts';
import { expectDocumentedWebhook } from '../../support/worker/documented-webhook.ts';
import {
  ask,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  TIME,
  UUID,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { setOrganization } from '../../support/worker/organization-setup.ts';
import { STORED } from '../../support/worker/plain-message.ts';
import type { Person } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

/** The bodies of a channel's webhooks of a thread, as they are sent: oldest first. */
async function sentBodies(own: TestOrganization, thread: string): Promise<Json[]> {
  const list = resultsOf(await own.request('GET', `/deliveries?thread_id=${thread}&page_size=200`)).reverse();
  const details = await Promise.all(list.map(({ id }) => own.request('GET', `/deliveries/${id}`)));
  return details.map(({ json }) => JSON.parse(String(json['body'])) as Json);
}

function textsOf(events: Json[]): unknown[] {
  return events.map(({ message }) => (message as Json | undefined)?.['message']);
}

describe('private history', () => {
  it('shows tokens without `reports` what was sent, and no text of it', async () => {
    const own = await TestOrganization.open();
    const settings = await enrollAgent(own.organizationId, {}, ['settings']);
    const both = await enrollAgent(own.organizationId, {}, ['settings', 'reports']);
    const thread = unique('thread');
    const { chatId, ids } = await own.say(thread, 'a secret question');
    await own.suggest(chatId, ids[0] ?? '', 'a secret answer');
    await own.join(own.agent, chatId);
    await ask(own.agent, 'POST', `/users/${own.agent.user_id}/chats/${chatId}/messages`, { message: 'a secret reply' });
    await setOrganization(own.organizationId, { private_chat_history: true });
    const events = (person: Person) => ask(person, 'GET', `${own.channelPath}/events?thread_id=${thread}`);
    const shown = await events(settings);
    expect(shown.text).not.toContain('secret');
    const told = resultsOf(await events(both));
    expect(JSON.stringify(told)).toContain('a secret answer');
    expect(resultsOf(shown)).toEqual(
      told.map(({ message, ...rest }) =>
        message === undefined ? { ...rest, reply_suggestion: null } : { ...rest, message: null },
      ),
    );
    const log = resultsOf(await ask(settings, 'GET', `${own.channelPath}/deliveries?thread_id=${thread}`));
    expect(log).toHaveLength(2);
    for (const { id } of log) {
      const path = `${own.channelPath}/deliveries/${id}`;
      const [hidden, whole] = [await ask(settings, 'GET', path), await ask(both, 'GET', path)];
      expect(whole.json['body']).toContain('secret');
      expect(hidden.json).toEqual({ ...whole.json, body: null, attempts: hidden.json['attempts'] });
    }
  });
});

describe('the events of a thread', () => {
  it('are the bodies of its webhooks, with every documented key and seq and prev_seq', async () => {
    const thread = unique('thread');
    const { chatId, ids } = await org.say(thread, 'Where is my order?');
    const suggestion = await org.suggest(chatId, ids[0] ?? '', 'It was shipped.');
    await org.join(org.agent, chatId);
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const posted = await ask(org.agent, 'POST', path, {
      message: 'On its way.',
      chat_reply_suggestion_id: suggestion,
    });
    const events = await org.events(thread);
    expect(events).toHaveLength(2);
    for (const event of events) {
      expectDocumentedWebhook(event['event_type'] as 'message_created' | 'reply_suggestion_created', event);
    }
    const shared = {
      thread_id: thread,
      chat_id: chatId,
      messaging_channel: 'email',
      channel_config_id: org.channelId,
      seq: expect.any(Number),
    };
    const bot = {
      id: org.bot.user_id,
      first_name: 'Bot',
      last_name: 'Assistant',
      full_name: 'Bot Assistant',
      organization_id: org.organizationId,
      avatar_id: null,
      avatar: null,
      is_bot: true,
      is_staff: false,
    };
    expect(keysOf(bot)).toEqual(NESTED_USER_KEYS);
    expect(events).toEqual([
      {
        ...shared,
        event_type: 'reply_suggestion_created',
        reply_suggestion: {
          id: suggestion,
          created_by_user_id: org.bot.user_id,
          created_by_user: bot,
          updated_by_user_id: org.bot.user_id,
          updated_by_user: bot,
          chat_id: chatId,
          message_id: ids[0],
          room_id: org.gateway.roomId,
          organization_id: org.organizationId,
          created_at: TIME,
          updated_at: TIME,
          suggestion: 'It was shipped.',
          relevancy_score: 0.95,
          target_organization: null,
        },
        prev_seq: null,
      },
      {
        ...shared,
        event_type: 'message_created',
        message: {
          id: UUID,
          type: 'msg',
          chat_id: chatId,
          room_id: org.gateway.roomId,
          created_at: TIME,
          sender_type: 'user',
          sender_id: org.agent.user_id,
          sender_public_name: 'Grace Hopper',
          sender_name: 'Grace Hopper',
          sender_avatar: null,
          message: 'On its way.',
          is_encrypted: false,
          is_edited: false,
          sensitive_data_purged_at: null,
          selected_reply_suggestion_id: suggestion,
          selected_reply_suggestion: { id: suggestion, suggestion: 'It was shipped.', relevancy_score: 0.95 },
          attachments: [],
          attachment_template: null,
          response_to_message_id: null,
          response_to_attachment_id: null,
          response_to_attachment: null,
          response_to_action_id: null,
          response_to_action: null,
          response_text: null,
          response_value: null,
        },
        prev_seq: events[0]?.['seq'],
      },
    ]);
    expect({ ...(events[1]?.['message'] as object), ...STORED }).toEqual(posted.json);
    expect(keysOf(events[0]?.['reply_suggestion'])).toEqual(SUGGESTION_KEYS);
    expect(keysOf(events[1]?.['message'])).toEqual(MESSAGE_KEYS.filter((key) => !(key in STORED)));
    expect(await sentBodies(org, thread)).toEqual(events);
  });

  it('are only messages of users and suggestions', async () => {
    const thread = unique('thread');
    const { chatId } = await org.say(thread, 'a visitor');
    await org.join(org.agent, chatId);
    await org.join(org.agent, chatId, { is_participating: true, composing_status: 'typing' });
    await ask(org.agent, 'PATCH', `/users/${org.agent.user_id}/chats/${chatId}`, { is_waiting: false });
    await org.join(org.agent, chatId, { is_participating: false, composing_status: 'idle' });
    await org.say(thread, 'a visitor', { variables: { username: 'Ann' } });
    await org.close(thread);
    expect(await org.events(thread)).toEqual([]);
    expect(await sentBodies(org, thread)).toEqual([]);
    await org.send([org.userSays(thread, 'an agent'), visitorSays(thread, 'a visitor')]);
    await org.send([org.userSays(thread, 'a bot', { sender_id: org.bot.user_id })]);
    expect(textsOf(await org.events(thread))).toEqual(['an agent', 'a bot']);
  });

  it('continue over sessions, page by page, above `after`', async () => {
    const thread = unique('thread');
    const seqs: number[] = [];
    for (let session = 0; session < 3; session++) {
      const batch = [
        org.userSays(thread, `${session}a`),
        visitorSays(thread, 'q'),
        org.userSays(thread, `${session}b`),
      ];
      const sent = await org.send(batch, { close_session: true });
      seqs.push(sent.seqs[0] ?? 0, sent.seqs[2] ?? 0);
    }
    const all = await org.events(thread);
    expect(textsOf(all)).toEqual(['0a', '0b', '1a', '1b', '2a', '2b']);
    expect(all.map(({ seq }) => seq)).toEqual(seqs);
    expect(all.map(({ prev_seq }) => prev_seq)).toEqual([null, ...seqs.slice(0, -1)]);
    expect(new Set(all.map(({ chat_id }) => chat_id)).size).toBe(3);

    const walked: Json[] = [];
    let url: unknown = `/events?thread_id=${thread}&page_size=4&extra=1`;
    const sizes: number[] = [];
    while (typeof url === 'string') {
      const page = await org.request('GET', url);
      expect([page.status, page.json['previous']]).toEqual([200, null]);
      sizes.push(resultsOf(page).length);
      walked.push(...resultsOf(page));
      url = page.json['next'];
      if (typeof url === 'string') expect(url).toMatch(/^https:\/\/hub\.example\/.*extra=1/);
    }
    expect([walked, sizes]).toEqual([all, [4, 2]]);
    expect(await org.events(thread, `&after=${seqs[3]}`)).toEqual(all.slice(4));
    expect(await org.events(thread, `&after=${seqs[5]}`)).toEqual([]);
    expect(await org.events(thread, '&after=0')).toEqual(all);
    const exact = await org.request('GET', `/events?thread_id=${thread}&page_size=6`);
    expect(exact.json['next']).toBeNull();
  });

  it('are found by any thread id', async () => {
    const thread = 'Re: a/b?c=d&e #1 ü';
    await org.send([org.userSays(thread, 'hi')]);
    expect(await org.events(thread)).toMatchObject([{ thread_id: thread }]);
  });

  it('are shown while the webhook is switched off', async () => {
    const own = await TestOrganization.open({ is_webhook_enabled: false });
    const thread = unique('thread');
    await own.send([own.userSays(thread, 'hi')]);
    expect(textsOf(await own.events(thread))).toEqual(['hi']);
    expect(await own.ledger()).toMatchObject({ accepted: 1 });
  });
});

describe('events refuse', () => {
  it.each<[string, Json]>([
    ['', { thread_id: ['This field is required.'] }],
    ['?thread_id=', { thread_id: ['This field is required.'] }],
    ['?thread_id=t&after=-1', { after: ['A valid integer is required.'] }],
    ['?thread_id=t&after=now', { after: ['A valid integer is required.'] }],
    ['?thread_id=t&page_size=0', { page_size: ['A valid integer is required.'] }],
  ])('%s', async (query, fields) => {
    const answer = await org.request('GET', `/events${query}`);
    expect([answer.status, answer.json]).toEqual([400, fields]);
  });

  it('an unknown thread or channel', async () => {
    const foreign = await TestOrganization.open();
    const thread = unique('thread');
    await foreign.send([foreign.userSays(thread, 'secret')]);
    const unknown = await org.request('GET', `/events?thread_id=${thread}`);
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Thread not found.' }]);
    const path = `https://hub.example${org.gateway.root}/${foreign.channelId}/events?thread_id=${thread}`;
    const stolen = await org.request('GET', path);
    expect([stolen.status, stolen.json]).toEqual([404, { detail: 'Channel configuration not found.' }]);
  });
});
