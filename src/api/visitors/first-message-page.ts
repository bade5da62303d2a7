import { findVisitorOnPage } from '../../chats/visitor-chats.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import type { PageFacts } from '../../resources/chat.ts';
import { visitorCopyDatabase } from '../copy-database.ts';

/** Chats in which the visitor has written, which stays so; as many as an isolate remembers. */
const written = new Set<string>();
const REMEMBERED_CHATS = 10_000;

/**
 * The page on which the visitor is, for their first message in a chat; null when it is unknown, or when they have written
 * there before. While D1 cannot be reached it is unknown: their message is worth more.
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
