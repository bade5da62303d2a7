import type { Attachment } from './attachment.ts';
import type { FileFacts } from './file.ts';

/** What interfaces know that have only texts and files. `link`: the URL of a file, or of a page, outside the hub. */
export type MessagePart =
  | { kind: 'text'; text: string }
  | { kind: 'file'; file: FileFacts }
  | { kind: 'link'; url: string };

/** Most parts of a message: the id of a part has 5 bits for its place (rpc-ids.ts). */
const MOST_PARTS = 32;

/**
 * A message as its text, then each of its files, then each link of its other attachments. Links beyond MOST_PARTS are one
 * text at the end. A message has at most 20 files, so none is beyond. A message of nothing is an empty text.
 */
export function partsOf({ message, attachments }: { message: string | null; attachments: readonly Attachment[] }) {
  const text = message ?? '';
  const files = attachments.flatMap(({ file }): MessagePart[] => (file === undefined ? [] : [{ kind: 'file', file }]));
  const urls = attachments.flatMap(({ file, title_link_url, image_url }) => {
    const url = title_link_url ?? image_url;
    return file !== undefined || url === null ? [] : [url];
  });
  const first: MessagePart[] = text === '' ? files : [{ kind: 'text', text }, ...files];
  const room = MOST_PARTS - first.length;
  const own = urls.length > room ? urls.slice(0, room - 1) : urls;
  const rest = urls.slice(own.length);
  const parts: MessagePart[] = [...first, ...own.map((url) => ({ kind: 'link' as const, url }))];
  if (rest.length > 0 || parts.length === 0) parts.push({ kind: 'text', text: rest.join('\n') });
  return parts;
}
