import { z } from '@hono/zod-openapi';
import type { PostVisitorMessage } from '../../domain/commands.ts';
import { textField, uuidField } from '../../http/fields.ts';
import { CHAT_MESSAGE_CHARACTERS } from '../../resources/message.ts';

/** As for users (Chats API, Send a chat message). Characters. */
const MESSAGE_CHARACTERS = CHAT_MESSAGE_CHARACTERS;
/** As long as an action's value or a link that attachments may offer. Characters. */
const VALUE_CHARACTERS = 2048;

const text = textField({ max: MESSAGE_CHARACTERS });

/**
 * What a visitor may post (Chats API, Chat message response actions): a text, or with `type` `action` the response to
 * an attachment. The hub itself knows the text of a response.
 */
export const postMessageSchema = z
  .object({
    type: z.enum(['msg', 'action']).optional().openapi({ default: 'msg' }),
    // The hub sets the text of a response. Other fields are ignored.
    message: z.unknown().optional().openapi({ type: 'string', minLength: 1, maxLength: MESSAGE_CHARACTERS }),
    response_to_message_id: uuidField().nullish(),
    response_to_attachment_id: uuidField().nullish(),
    response_to_action_id: uuidField().nullish(),
    response_value: textField({ max: VALUE_CHARACTERS, blank: true }).nullish(),
    response_text: textField({ max: MESSAGE_CHARACTERS, blank: true }).nullish(),
  })
  .openapi('PostMessageAsVisitor')
  .transform((payload, context) => contentOf(payload, context));

type Payload = {
  type?: 'msg' | 'action' | undefined;
  message?: unknown;
  response_to_message_id?: string | null | undefined;
  response_to_attachment_id?: string | null | undefined;
  response_to_action_id?: string | null | undefined;
  response_value?: string | null | undefined;
  response_text?: string | null | undefined;
};

function contentOf(payload: Payload, context: z.RefinementCtx): PostVisitorMessage['content'] {
  if (payload.type !== 'action') {
    const message = text.safeParse(payload.message);
    if (message.success) return { type: 'msg', message: message.data };
    for (const issue of message.error.issues) context.addIssue({ ...issue, code: 'custom', path: ['message'] });
    return z.NEVER;
  }
  const { response_to_message_id: message_id, response_to_attachment_id: attachment_id } = payload;
  for (const name of ['response_to_message_id', 'response_to_attachment_id'] as const) {
    if (payload[name] == null) context.addIssue({ code: 'custom', path: [name], message: 'This field is required.' });
  }
  if (message_id == null || attachment_id == null) return z.NEVER;
  return {
    type: 'action',
    message_id,
    attachment_id,
    action_id: payload.response_to_action_id ?? null,
    value: payload.response_value ?? null,
    text: payload.response_text ?? null,
  };
}
