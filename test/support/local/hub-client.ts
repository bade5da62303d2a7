import type { Demo } from '../../../scripts/demo-file.ts';
import { type JsonAnswer, type JsonRequest, requestJson } from '../../../scripts/json-request.ts';

export type Channel = { id: string; name: string; reply_webhook_url: string; max_retry_count: number };

export type Receipt = {
  chat_id: string;
  mapping_id: string;
  message_ids: string[];
  messages_created: number;
  is_new_session: boolean;
  seqs: number[];
};

export type OutgoingMessage = {
  body: string;
  thread_id: string;
  sender_id: string;
  message_id: string;
  sender_type?: 'visitor' | 'user';
  selected_reply_suggestion_id?: string | null;
  created_at?: string;
};

export type MessageOptions = {
  skip_waiting_state?: boolean;
  close_session?: boolean;
  skip_webhooks?: boolean;
  variables?: Record<string, string | null>;
};

export type Page<Resource> = { next: string | null; previous: string | null; results: Resource[] };

type Actor = { id: string; token: string };

/** The calls that most tests make. Each throws when the hub does not answer with the documented success. */
export class HubClient {
  readonly url: string;
  readonly demo: Demo;

  constructor(url: string, demo: Demo) {
    this.url = url;
    this.demo = demo;
  }

  /** Any request. Answers the response, whatever its status. `token` is the settings user's unless given. */
  request(method: JsonRequest['method'], path: string, body?: unknown, token?: string | null): Promise<JsonAnswer> {
    return requestJson({
      method,
      url: path.startsWith('http') ? path : `${this.url}${path}`,
      token: token === undefined ? this.demo.settings_token : token,
      ...(body === undefined ? {} : { body }),
    });
  }

  channelPath(channelId: string): string {
    return `${this.#organization()}/unified_messaging/${channelId}`;
  }

  async registerChannel(webhookUrl: string, fields: Record<string, unknown> = {}): Promise<Channel> {
    return this.#expect<Channel>(201, 'POST', `${this.#organization()}/unified_messaging`, {
      name: 'Channel of a test',
      messaging_channel: 'email',
      room_id: this.demo.room_id,
      reply_webhook_url: webhookUrl,
      ...fields,
    });
  }

  sendMessages(
    channelId: string,
    messages: readonly OutgoingMessage[],
    options: MessageOptions = {},
  ): Promise<Receipt> {
    return this.#expect<Receipt>(201, 'POST', `${this.channelPath(channelId)}/messages`, { messages, ...options });
  }

  /** One message of a visitor. */
  sendMessage(channelId: string, threadId: string, body: string, messageId: string): Promise<Receipt> {
    const message = { body, thread_id: threadId, sender_id: 'customer@example.com', message_id: messageId };
    return this.sendMessages(channelId, [message]);
  }

  async closeSession(channelId: string, threadId: string): Promise<void> {
    await this.#expect(200, 'POST', `${this.channelPath(channelId)}/close_session`, { thread_id: threadId });
  }

  async joinChat(actor: Actor, chatId: string): Promise<void> {
    const path = `/api/v5/users/${actor.id}/routed_chats/${chatId}/memberships`;
    const answer = await this.request('POST', path, { is_participating: true, composing_status: 'idle' }, actor.token);
    if (answer.status !== 201 && answer.status !== 200) throw unexpected(path, answer);
  }

  /** A message of a user who is a member of the chat. */
  async reply(actor: Actor, chatId: string, message: string): Promise<{ id: string }> {
    const path = `/api/v5/users/${actor.id}/chats/${chatId}/messages`;
    return this.#expect<{ id: string }>(200, 'POST', path, { message }, actor.token);
  }

  suggestReply(actor: Actor, chatId: string, messageId: string, suggestion: string): Promise<{ id: string }> {
    const path = `/api/v5/users/${actor.id}/routed_chats/${chatId}/messages/${messageId}/reply_suggestions`;
    return this.#expect<{ id: string }>(201, 'POST', path, { suggestion, relevancy_score: 0.5 }, actor.token);
  }

  ownedChat(chatId: string): Promise<Record<string, unknown>> {
    return this.#expect(200, 'GET', `${this.#organization()}/owned_chats/${chatId}`);
  }

  /** A page of one of a channel's collections, for instance `deliveries?status=pending`. */
  channelPage(channelId: string, collection: string): Promise<Page<Record<string, unknown>>> {
    return this.#expect(200, 'GET', `${this.channelPath(channelId)}/${collection}`);
  }

  ledger(channelId: string): Promise<Record<string, unknown>> {
    return this.#expect(200, 'GET', `${this.channelPath(channelId)}/ledger`);
  }

  async #expect<Body = Record<string, unknown>>(
    status: number,
    method: JsonRequest['method'],
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<Body> {
    const answer = await this.request(method, path, body, token);
    if (answer.status !== status) throw unexpected(`${method} ${path}`, answer);
    return answer.body as Body;
  }

  #organization(): string {
    return `/api/v5/orgs/${this.demo.organization_id}`;
  }
}

function unexpected(what: string, answer: JsonAnswer): Error {
  return new Error(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}
