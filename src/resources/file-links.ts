import type { NewAttachment } from './attachment.ts';
import { type Disposition, type FileFacts, isInlineType } from './file.ts';

/**
 * Messages are stored and published without the URLs of their files, which expire. Whoever gives one to a client puts
 * fresh URLs in: REST, webhooks and sockets. Pure.
 */

/** Makes the URL of a file. */
export type FileUrl = (file: FileFacts, disposition: Disposition) => string;

type Linked = { file?: FileFacts; title_link_url: string | null; image_url: string | null };

/**
 * The attachment with a file: its title is the file's name, unless it has one. URLs beside it are dropped, since the file's
 * own take their place.
 */
export function fileAttachment(file: FileFacts, attachment: Partial<NewAttachment> = {}): NewAttachment {
  const { title, text, actions } = attachment;
  return {
    title: title == null || title.trim() === '' ? file.name : title,
    text: text ?? null,
    title_link_url: null,
    image_url: null,
    image_link_url: null,
    link_target: attachment.link_target ?? '_blank',
    actions: actions ?? [],
    interaction_id: null,
    attachment_url: null,
    parameters: null,
    file,
  };
}

/** How the value of a response is stored that chose a file by its URL: without the URL, which expires. */
const CHOSEN = { attachment: 'file:attachment', inline: 'file:inline' } as const;

/**
 * The stored form of a response that chose a file by one of its URLs (Chats API: the value may be the link of the title or
 * the image). Null when the text is no URL that the file is shown with. Its end and signature do not matter: it opens
 * nothing here, and the page may have been open for long.
 */
export function chosenFile(file: FileFacts, url: string): string | null {
  const parsed = URL.parse(url, 'https://hub.invalid');
  if (parsed === null || !parsed.pathname.endsWith(`/files/${file.id}`)) return null;
  const disposition = parsed.searchParams.get('disposition');
  if (disposition === 'attachment') return CHOSEN.attachment;
  return disposition === 'inline' && isInlineType(file.content_type) ? CHOSEN.inline : null;
}

/** Whether a resource, or the changes of one, is a message with a file. */
export function hasFiles(resource: object): boolean {
  const { attachments, response_to_attachment } = partsOf(resource);
  return attachments?.some(isFile) === true || isFile(response_to_attachment);
}

/** The same resource with the URLs of its files. The same object when it has none. */
export function withFileUrls<Resource extends object>(resource: Resource, urlOf: FileUrl): Resource {
  if (!hasFiles(resource)) return resource;
  const { attachments, response_to_attachment } = partsOf(resource);
  return {
    ...resource,
    ...(attachments === undefined ? {} : { attachments: attachments.map((each) => linked(each, urlOf)) }),
    ...(isFile(response_to_attachment) ? linkedResponse(resource, response_to_attachment, urlOf) : {}),
  };
}

function linkedResponse(resource: object, attachment: Linked & { file: FileFacts }, urlOf: FileUrl): object {
  const { response_value } = resource as { response_value?: unknown };
  const disposition = (['attachment', 'inline'] as const).find((each) => CHOSEN[each] === response_value);
  return {
    response_to_attachment: linked(attachment, urlOf),
    ...(disposition === undefined ? {} : { response_value: urlOf(attachment.file, disposition) }),
  };
}

/**
 * A message of the threads API whose text are the URLs of its attachments, one a line, when it has none. Its files must have
 * theirs.
 */
export function withLinksAsText<Message extends { body: string; attachments: readonly Linked[] }>(
  message: Message,
): Message {
  if (message.body !== '') return message;
  const urls = message.attachments.flatMap(({ title_link_url, image_url }) => title_link_url ?? image_url ?? []);
  return urls.length === 0 ? message : { ...message, body: urls.join('\n') };
}

/**
 * The body of a webhook with the URLs: in the message of a channel's or an app's; in that of the threads API also as its
 * text when it has none; and beside the file in the parameters of JSON-RPC, where it is the content.
 */
export function bodyWithFileUrls<Body extends object>(body: Body, urlOf: FileUrl): Body {
  const { message, resource, params, event_data } = body as {
    message?: object | null;
    resource?: object | null;
    params?: { file?: FileFacts; content?: string };
    event_data?: { body: string; attachments: Linked[] };
  };
  if (params?.file !== undefined) {
    const url = urlOf(params.file, 'attachment');
    // In bodies of an earlier version a file stands beside a text.
    const content = params.content === '' ? url : params.content;
    return { ...body, params: { ...params, content, file: { ...params.file, url } } };
  }
  if (event_data !== undefined) return { ...body, event_data: withLinksAsText(withFileUrls(event_data, urlOf)) };
  if (message != null) return { ...body, message: withFileUrls(message, urlOf) };
  return resource == null ? body : { ...body, resource: withFileUrls(resource, urlOf) };
}

/** Whether the text of a body may have a file. A body of which it is false has none. */
export function mayHaveFiles(body: string): boolean {
  return body.includes('"file":{');
}

function partsOf(resource: object): { attachments?: Linked[]; response_to_attachment?: Linked | null } {
  const { attachments, response_to_attachment } = resource as {
    attachments?: unknown;
    response_to_attachment?: unknown;
  };
  return {
    ...(Array.isArray(attachments) ? { attachments: attachments as Linked[] } : {}),
    ...(response_to_attachment == null ? {} : { response_to_attachment: response_to_attachment as Linked }),
  };
}

function isFile(attachment: Linked | null | undefined): attachment is Linked & { file: FileFacts } {
  return attachment?.file !== undefined;
}

function linked(attachment: Linked, urlOf: FileUrl): Linked {
  const { file } = attachment;
  if (file === undefined) return attachment;
  const image = isInlineType(file.content_type) ? urlOf(file, 'inline') : null;
  return { ...attachment, title_link_url: urlOf(file, 'attachment'), image_url: image };
}
