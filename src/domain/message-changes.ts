/** How events change a message. Pure. A message is what its first event says, with the changes after it. */

import { filesGone, inOrder, type MessageFacts } from '../resources/message.ts';
import type { ThreadEvent } from './events.ts';

/** The events that change a message. */
export const MESSAGE_CHANGES = ['message_edited', 'message_deleted', 'message_status_changed'] as const;
export type MessageChangeEvent = Extract<ThreadEvent, { type: (typeof MESSAGE_CHANGES)[number] }>;

/** Whether an event changes a message that was there before. */
export function isMessageChange(event: ThreadEvent): event is MessageChangeEvent {
  return MESSAGE_CHANGES.some((type) => type === event.type);
}

/** The message after an event that changes it. */
export function changeMessage(message: MessageFacts, event: MessageChangeEvent): MessageFacts {
  return inOrder(changed(message, event));
}

function ciphertextOf({ encrypted_message }: Extract<MessageChangeEvent, { type: 'message_edited' }>) {
  return encrypted_message === undefined ? {} : { encrypted_message };
}

function changed(message: MessageFacts, event: MessageChangeEvent): MessageFacts {
  switch (event.type) {
    case 'message_edited':
      return { ...message, message: event.message, ...ciphertextOf(event), edited_at: event.at };
    case 'message_deleted': {
      const { call: _call, subject: _subject, ...kept } = message;
      return {
        ...kept,
        message: null,
        ...(message.encrypted_message === undefined ? {} : { encrypted_message: null }),
        selected_reply_suggestion: null,
        attachments: [],
        attachment_template: null,
        response_to: null,
        ...filesGone(message, event.files_kept),
        deleted_at: event.at,
      };
    }
    case 'message_status_changed':
      return { ...message, status: event.status };
  }
}
