import type { ReadingOf, ReadMessages } from '../../domain/queries.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { collectionResponse, type Page } from '../../http/collection.ts';
import type { MessageFacts } from '../../resources/message.ts';

/** A page of a chat's messages as the chat's thread has answered it; `resource` shows one to who asks. */
export function pageOfMessages<Resource>(
  c: AppContext,
  page: Page,
  { messages, has_more, room_id }: ReadingOf<ReadMessages>,
  resource: (message: MessageFacts, roomId: string | null) => Resource,
) {
  return collectionResponse(c, {
    page,
    rows: messages,
    hasMore: has_more,
    keyOf: ({ seq }) => [seq],
    resource: ({ message }) => resource(message, room_id),
  });
}
