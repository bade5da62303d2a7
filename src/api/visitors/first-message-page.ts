import { findVisitorOnPage } from '../../chats/visitor-chats.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import type { PageFacts } from '../../resources/chat.ts';
import { visitorCopyDatabase } from '../copy-database.ts';

/** Chats in which the visitor has written. That never becomes false, so only the number of entries is limited. */
const written = new Set<string>();
const REMEMBERED_CHATS = 10_000;

/**
 * The page that the visitor is on, for their first message in a chat. Null when it is unknown, and for later messages.
 * While D1 cannot be reached it counts as unknown, so that the message is accepted.
 */
export async function pageForFirstMessage(c: AppContext, chatId: string): Promise<PageFacts | null> {
  if (written.has(chatId)) return null;
  try {
    const found = await findVisitorOnPage(await visitorCopyDatabase(c), c.var.visitor.id, chatId);
    if (found?.has_written !== true) return found?.page ?? null;
  } catch (error) {
    writeLog('error', 'visitor_page_unknown', { chat_id: chatId, error: errorText(error) });
    return null;
  }
  if (written.size >= REMEMBERED_CHATS) written.clear();
  written.add(chatId);
  return null;
}
