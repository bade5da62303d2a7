import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { findChat, listChats, listMessages } from './chat-store.ts';
import type { Configuration } from './configuration.ts';
import { handleWebhook } from './handle-webhook.ts';
import { HubApi } from './hub-api.ts';
import { HubRefused } from './hub-request.ts';
import { LiveFeed } from './live-feed.ts';
import { chatListPage, chatPage, type PageFile, pageHeaders, pageParts } from './page-files.ts';
import { RequestRefused, readBody, readFile, readTextField } from './read-request.ts';
import { sessionOf, startSession } from './session.ts';
import { sendFile, sendMessage, startChat, urlOfFile } from './visitor-requests.ts';
import { findSession, findVisitor, type StoredVisitor } from './visitor-store.ts';
import { type Collection, parseWebhook } from './webhook.ts';

const MAX_NAME_CHARACTERS = 100;
const MAX_MESSAGE_CHARACTERS = 2_000;

const WEBHOOKS: ReadonlyMap<string, Collection> = new Map([
  ['/giosg_webhooks/chats', 'chats'],
  ['/giosg_webhooks/messages', 'messages'],
]);
const CHAT_PATH = /^\/chat\/([0-9a-f-]{36})(\/messages|\/events|\/files)?$/;
const FILE_PATH = /^\/chat\/([0-9a-f-]{36})\/files\/([0-9a-f-]{36})\/([0-9a-f-]{36})$/;

type Address = { path: string; parameters: URLSearchParams };

export type ApplicationOptions = {
  configuration: Configuration;
  database: DatabaseSync;
  /** Called with a line for each webhook and each failure. */
  log: (line: string) => void;
};

/** The HTTP server of the application: the visitors' pages and the webhooks' endpoints. It does not listen yet. */
export function createApplication({ configuration, database, log }: ApplicationOptions): Server {
  const hub = new HubApi(configuration);
  const feed = new LiveFeed();

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '/' } = request;
    const [path = '', query] = url.split('?');
    const parameters = new URLSearchParams(query);
    const collection = WEBHOOKS.get(path);
    if (collection !== undefined && method === 'POST') {
      await receiveWebhook(request, response, collection, parameters.get('secret') ?? '');
      return;
    }
    const part = pageParts.get(path);
    const session = sessionOf(request);
    if (method === 'GET' && part !== undefined) sendPage(response, part);
    else if (method === 'GET' && path === '/') response.writeHead(302, { Location: '/chat' }).end();
    else if (method === 'GET' && path === '/chat') {
      if (session === null) startSession(response, configuration.appUrl.startsWith('https:'));
      sendPage(response, chatListPage);
    } else if (session === null) throw new RequestRefused(404, 'There is nothing here.');
    else if (method === 'GET' && path === '/chat/events') {
      feed.serve(response, session, () => ({ chats: listChats(database, session) }));
    } else if (method === 'POST' && path === '/chat') {
      await startChat(database, hub, session, await readTextField(request, 'name', MAX_NAME_CHARACTERS));
      sendJson(response, 202, {});
    } else if (FILE_PATH.test(path)) await redirectToFile(request, response, { path, parameters }, session);
    else await routeChat(request, response, { path, parameters }, session);
  }

  /** The paths under a chat, for the visitor of the chat. */
  async function routeChat(
    request: IncomingMessage,
    response: ServerResponse,
    { path, parameters }: Address,
    session: string,
  ): Promise<void> {
    const [, chatId = '', below] = CHAT_PATH.exec(path) ?? [];
    const visitor = visitorOf(session, chatId);
    if (request.method === 'GET' && below === undefined) sendPage(response, chatPage);
    else if (request.method === 'GET' && below === '/events') {
      const view = () => ({ chat: findChat(database, session, chatId), messages: listMessages(database, chatId) });
      feed.serve(response, session, view);
    } else if (request.method === 'POST' && below === '/messages') {
      const message = await readTextField(request, 'message', MAX_MESSAGE_CHARACTERS);
      await sendMessage(database, hub, visitor, chatId, message);
      sendJson(response, 202, {});
    } else if (request.method === 'POST' && below === '/files') {
      await sendFile(database, hub, visitor, chatId, await readFile(request, parameters.get('name')));
      sendJson(response, 202, {});
    } else throw new RequestRefused(405, 'This is not possible here.');
  }

  /** A file of a chat, for the visitor of the chat. Its URLs expire, so a page has this address. */
  async function redirectToFile(
    request: IncomingMessage,
    response: ServerResponse,
    { path, parameters }: Address,
    session: string,
  ): Promise<void> {
    if (request.method !== 'GET') throw new RequestRefused(405, 'This is not possible here.');
    const [, chatId = '', messageId = '', attachmentId = ''] = FILE_PATH.exec(path) ?? [];
    const visitor = visitorOf(session, chatId);
    const file = { chatId, messageId, attachmentId, isShown: parameters.has('image') };
    const url = await urlOfFile(database, hub, visitor, file);
    if (url === null) throw new RequestRefused(404, 'There is nothing here.');
    response.writeHead(302, { Location: url, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }).end();
  }

  /** The visitor of a session, who has this chat. */
  function visitorOf(session: string, chatId: string): StoredVisitor {
    const visitor = findVisitor(database, session);
    if (visitor !== null && findChat(database, session, chatId) !== null) return visitor;
    throw new RequestRefused(404, 'There is nothing here.');
  }

  function sendPage(response: ServerResponse, { type, content }: PageFile): void {
    response.writeHead(200, { ...pageHeaders(configuration.hubUrl), 'Content-Type': type }).end(content);
  }

  async function receiveWebhook(
    request: IncomingMessage,
    response: ServerResponse,
    collection: Collection,
    secret: string,
  ): Promise<void> {
    if (!isSameText(secret, configuration.webhookSecret)) throw new RequestRefused(403, 'Wrong secret.');
    const webhookId = request.headers['webhook-id'];
    const parsed = parseWebhook(collection, configuration.organizationId, {
      webhookId: typeof webhookId === 'string' ? webhookId : undefined,
      body: await readBody(request),
    });
    if (!parsed.ok) throw new RequestRefused(400, parsed.problem);
    if (parsed.webhook === 'test') {
      log('test of the webhooks');
      response.writeHead(204).end();
      return;
    }
    const { webhook } = parsed;
    const { outcome, visitorId } = await handleWebhook({ database, hub, roomId: configuration.roomId }, webhook);
    log(`${webhook.about} ${webhook.resource.id} ${webhook.action}, seq ${webhook.seq}: ${outcome}`);
    response.writeHead(204).end();
    const session = visitorId === null ? null : findSession(database, visitorId);
    if (session !== null) feed.tell(session);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const [path = ''] = request.url?.split('?') ?? [];
    // Visitors see errors in their own input. Errors in webhooks are only logged.
    if (!(error instanceof RequestRefused) || WEBHOOKS.has(path))
      log(`${request.method} ${path} failed: ${String(error)}`);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, detail } = refusalOf(error);
    // The rest of a body that is too long is not read.
    if (status === 413) response.setHeader('Connection', 'close');
    sendJson(response, status, { detail });
  }

  return createServer((request, response) => {
    route(request, response).catch((error: unknown) => fail(request, response, error));
  });
}

/** The answer to a page or the hub after a failure. The hub repeats webhooks that get no 2xx. */
function refusalOf(error: unknown): { status: number; detail: string } {
  if (error instanceof RequestRefused) return { status: error.status, detail: error.message };
  if (error instanceof HubRefused && error.status === 409) {
    return { status: 409, detail: 'The chat has ended, or nobody is online.' };
  }
  return { status: 503, detail: 'That did not work. Please try again.' };
}

function isSameText(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
