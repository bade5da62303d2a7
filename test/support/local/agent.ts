import type { TestHub } from './hub.ts';

const PATIENCE_MILLISECONDS = 20_000;
const PAUSE_MILLISECONDS = 100;

/**
 * The demo agent at work through the Chats API. Each step throws when the hub does not answer with the documented
 * success.
 */
export class Agent {
  readonly #site: TestHub;
  readonly #path: string;

  constructor(site: TestHub) {
    this.#site = site;
    this.#path = `/api/v5/users/${site.demo.agent.id}`;
  }

  /** The name that visitors see. */
  async takeAlias(alias: string): Promise<void> {
    const { client, demo } = this.#site;
    const path = `/api/v5/orgs/${demo.organization_id}/users/${demo.agent.id}`;
    const answer = await client.request('PATCH', path, { alias });
    if (answer.status !== 200) throw new Error(`PATCH ${path} answered ${answer.status}`);
  }

  async comeOnline(): Promise<void> {
    await this.#call(201, 'POST', '/clients', { presence_expires_in: 600 });
  }

  /** Waits for a pending chat and answers its id. */
  async waitForPendingChat(): Promise<string> {
    const deadline = Date.now() + PATIENCE_MILLISECONDS;
    while (Date.now() < deadline) {
      const { results } = (await this.#call(200, 'GET', '/pending_chats')) as { results: { id: string }[] };
      if (results[0] !== undefined) return results[0].id;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    throw new Error('the agent saw no pending chat');
  }

  async join(chatId: string): Promise<void> {
    const status = { is_participating: true, composing_status: 'idle' };
    await this.#call(201, 'POST', `/pending_chats/${chatId}/memberships`, status);
  }

  async reply(chatId: string, message: string): Promise<void> {
    await this.#call(200, 'POST', `/chats/${chatId}/messages`, { message });
  }

  async sendFile(chatId: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { hub, demo } = this.#site;
    const headers = { Authorization: `Bearer ${demo.agent.token}`, 'Content-Type': 'application/octet-stream' };
    const url = `${hub.url}${this.#path}/files?name=${encodeURIComponent(name)}`;
    const answer = await fetch(url, { method: 'POST', headers, body: bytes });
    if (answer.status !== 201) throw new Error(`POST ${url} answered ${answer.status}: ${await answer.text()}`);
    const { id: file_id } = (await answer.json()) as { id: string };
    await this.#call(200, 'POST', `/chats/${chatId}/messages`, { attachments: [{ file_id }] });
  }

  async end(chatId: string): Promise<void> {
    await this.#call(200, 'PATCH', `/chats/${chatId}`, { is_ended: true });
  }

  async #call(status: number, method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<unknown> {
    const { client, demo } = this.#site;
    const answer = await client.request(method, `${this.#path}${path}`, body, demo.agent.token);
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }
}
