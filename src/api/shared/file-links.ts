import { cachedHubKeys } from '../../directory/signing-keys.ts';
import { FILE_URL_LIFE, fileUrls } from '../../files/file-urls.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { publicOrigin } from '../../http/collection.ts';
import { bodyWithFileUrls, type FileUrl, hasFiles, mayHaveFiles, withFileUrls } from '../../resources/file-links.ts';

/** Makes URLs of files for the answer to a request, or for what the answer shows of webhooks. */
async function urlsFor(c: AppContext, place: 'answer' | 'webhook'): Promise<FileUrl> {
  const { signing } = await cachedHubKeys(c.env, c.var.cost);
  return fileUrls(signing, publicOrigin(c), Date.now(), FILE_URL_LIFE[place]);
}

/** A message as the answer shows it: with the URLs of its files. */
export async function messageWithUrls<Message extends object>(c: AppContext, message: Message): Promise<Message> {
  return hasFiles(message) ? withFileUrls(message, await urlsFor(c, 'answer')) : message;
}

/** The same for a page of messages. */
export async function pageWithUrls<Page extends { results: object[] }>(c: AppContext, page: Page): Promise<Page> {
  if (!page.results.some(hasFiles)) return page;
  const urlOf = await urlsFor(c, 'answer');
  return { ...page, results: page.results.map((message) => withFileUrls(message, urlOf)) };
}

/** The bodies of webhooks as they were, with URLs that are valid as long as those of webhooks. */
export async function bodiesWithUrls<Body extends object>(c: AppContext, bodies: readonly Body[]): Promise<Body[]> {
  if (!bodies.some((body) => mayHaveFiles(JSON.stringify(body)))) return [...bodies];
  const urlOf = await urlsFor(c, 'webhook');
  return bodies.map((body) => bodyWithFileUrls(body, urlOf));
}

/** The text of a webhook's body in the log of deliveries, with URLs of its files. */
export async function bodyTextWithUrls(c: AppContext, body: string | null): Promise<string | null> {
  if (body === null || !mayHaveFiles(body)) return body;
  return JSON.stringify(bodyWithFileUrls(JSON.parse(body) as object, await urlsFor(c, 'answer')));
}
