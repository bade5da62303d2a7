import type { DatabaseSync } from 'node:sqlite';
import type { HubApi, VisitorAccess } from './hub-api.ts';
import { HubRefused, type Upload } from './hub-request.ts';
import { deleteVisitor, findVisitor, insertVisitor, type StoredVisitor, updateToken } from './visitor-store.ts';

/** A token is not used in its last seconds, because a request takes a while to arrive. */
const SPARE_SECONDS = 10;

/**
 * Starts a chat for the visitor of a session, or resumes their open one. The chat is not stored here: the hub's webhook
 * does that. Throws as the hub's calls do.
 */
export async function startChat(database: DatabaseSync, hub: HubApi, session: string, name: string): Promise<void> {
  const access = (await recreateVisitor(database, hub, session)) ?? (await createVisitor(database, hub, session));
  await hub.enterRoom(access);
  await hub.nameVisitor(access.visitorId, name);
  await hub.openChat(access);
}

/** Sends a visitor's message. The hub's webhook stores it. Throws as the hub's calls do. */
export async function sendMessage(
  database: DatabaseSync,
  hub: HubApi,
  visitor: StoredVisitor,
  chatId: string,
  message: string,
): Promise<void> {
  await hub.sendMessage(await accessOf(database, hub, visitor), chatId, message);
}

/** Sends a visitor's file. The hub's webhook stores the message. Throws as the hub's calls do. */
export async function sendFile(
  database: DatabaseSync,
  hub: HubApi,
  visitor: StoredVisitor,
  chatId: string,
  upload: Upload,
): Promise<void> {
  await hub.sendFile(await accessOf(database, hub, visitor), chatId, upload);
}

/**
 * A new URL of a file in a visitor's chat: it saves the file, or shows it as an image. Null when the chat has no such file.
 * Throws as the hub's calls do.
 */
export async function urlOfFile(
  database: DatabaseSync,
  hub: HubApi,
  visitor: StoredVisitor,
  file: { chatId: string; messageId: string; attachmentId: string; isShown: boolean },
): Promise<string | null> {
  try {
    const access = await accessOf(database, hub, visitor);
    const urls = await hub.urlsOfMessage(access, file.chatId, file.messageId);
    const found = urls.find(({ id }) => id === file.attachmentId);
    return (file.isShown ? found?.image_url : found?.title_link_url) ?? null;
  } catch (error) {
    if (error instanceof HubRefused && error.status === 404) return null;
    throw error;
  }
}

/** The session's visitor. Null without one, or when the hub has lost its data and does not know their secret. */
async function recreateVisitor(database: DatabaseSync, hub: HubApi, session: string): Promise<VisitorAccess | null> {
  const visitor = findVisitor(database, session);
  if (visitor === null) return null;
  try {
    return await renewToken(database, hub, visitor);
  } catch (error) {
    if (!(error instanceof HubRefused && error.status === 400)) throw error;
    deleteVisitor(database, visitor.visitor_id);
    return null;
  }
}

async function createVisitor(database: DatabaseSync, hub: HubApi, session: string): Promise<VisitorAccess> {
  const { visitor_id, visitor_secret_id, access_token, expires_in } = await hub.authenticateVisitor(null);
  const visitor = { session, visitor_id, visitor_secret_id, access_token, token_expires_at: expiryOf(expires_in) };
  insertVisitor(database, visitor);
  return accessOf(database, hub, findVisitor(database, session) ?? visitor);
}

/** The visitor with a valid token. The token is renewed when the stored one is about to expire. */
async function accessOf(database: DatabaseSync, hub: HubApi, visitor: StoredVisitor): Promise<VisitorAccess> {
  if (Date.now() < visitor.token_expires_at) {
    return { visitorId: visitor.visitor_id, accessToken: visitor.access_token };
  }
  return await renewToken(database, hub, visitor);
}

async function renewToken(database: DatabaseSync, hub: HubApi, visitor: StoredVisitor): Promise<VisitorAccess> {
  const { access_token, expires_in } = await hub.authenticateVisitor(visitor.visitor_secret_id);
  updateToken(database, visitor.session, access_token, expiryOf(expires_in));
  return { visitorId: visitor.visitor_id, accessToken: access_token };
}

/** When a token expires, in ms since 1970. `expiresIn` in seconds. */
function expiryOf(expiresIn: number): number {
  return Date.now() + (expiresIn - SPARE_SECONDS) * 1_000;
}
