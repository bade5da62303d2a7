import { identityText, type ThreadIdentity } from '../address.ts';
import type { Draft } from './recorder.ts';

/** What a thread is opened with, and keeps for its life. */
export type Opening = {
  identity: ThreadIdentity;
  database: string;
  organization_id: string;
  visitor_id: string | null;
  room_id: string | null;
};

/** Opens a new thread; `chatId` is the chat that starts in it next. */
export function openThread(draft: Draft, chatId: string, { identity, ...rest }: Opening): void {
  draft.emit(chatId, {
    type: 'thread_opened',
    ...rest,
    identity: identityText(identity),
    mapping_id: draft.context.newMappingId(),
    channel: identity.kind === 'channel' ? { channel_id: identity.channel_id, thread_id: identity.thread_id } : null,
  });
}
