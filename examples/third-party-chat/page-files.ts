import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type PageFile = { type: string; content: Buffer };

function pageFile(name: string, type: string): PageFile {
  return { type: `${type}; charset=utf-8`, content: readFileSync(join(import.meta.dirname, 'page', name)) };
}

/** Pages contain nothing that a visitor or an agent wrote. Scripts insert it as text. */
export const chatListPage = pageFile('chat-list.html', 'text/html');
export const chatPage = pageFile('chat.html', 'text/html');

/** The files that the pages load, by path. */
export const pageParts: ReadonlyMap<string, PageFile> = new Map([
  ['/page/chat-list.js', pageFile('chat-list.js', 'text/javascript')],
  ['/page/chat.js', pageFile('chat.js', 'text/javascript')],
  ['/page/send.js', pageFile('send.js', 'text/javascript')],
  ['/page/chat.css', pageFile('chat.css', 'text/css')],
]);

/** Allows only the application's own files and the hub's images, whatever gets into a page. */
export function pageHeaders(hubUrl: string): Record<string, string> {
  const images = `img-src 'self' data: ${new URL(hubUrl).origin}`;
  return {
    'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ${images}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  };
}
