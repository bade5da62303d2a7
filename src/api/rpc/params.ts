import { z } from '@hono/zod-openapi';
import { integerField, textField } from '../../http/fields.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../../resources/message.ts';
import { calledUrlField } from '../webhook-url.ts';

/** Longest number, extension or id. Characters. */
const NAME_CHARACTERS = 64;
const LATEST = 8_640_000_000_000_000;

/** A number or an extension, without the blanks around it. */
const line = () =>
  textField({ max: NAME_CHARACTERS })
    .transform((text) => text.trim())
    .openapi({ minLength: 1, maxLength: NAME_CHARACTERS });
const id = () => textField({ max: NAME_CHARACTERS });

const organization = {
  orgid: id().optional().openapi({ description: 'The organization of the key, as the settings show it.' }),
  domain: textField({ max: 255 }).optional().openapi({ description: 'Or the domain of the organization.' }),
};

const session = { ...organization, sessionid: id() };

/** The types of messages: a text, a file as webhooks name it, a file by its URL, the record of a call. */
export const MESSAGE_TYPES = { text: 1, file: 2, file_url: 7 } as const;

const messageParams = z
  .object({
    ...organization,
    from: line().optional(),
    to: line().optional(),
    senderid: line().optional(),
    sendername: textField({ max: 255 }).optional(),
    senderinfo: z
      .object({ phone: textField({ max: 255 }).optional(), email: textField({ max: 255 }).optional() })
      .optional(),
    userid: id().optional(),
    content: textField({ max: CHANNEL_MESSAGE_CHARACTERS }).optional(),
    type: z.union([z.literal(1), z.literal(2), z.literal(7)]).default(1),
    sessionid: id().optional(),
    messageid: id().optional().openapi({ description: 'Instead of `content`: a message whose file is synced.' }),
    timestamp: integerField({ min: 0, max: LATEST }).optional().openapi({ description: 'In ms.' }),
  })
  .superRefine(({ type, content }, context) => {
    if (type === MESSAGE_TYPES.text || (content !== undefined && calledUrlField().safeParse(content).success)) return;
    context.addIssue({ code: 'custom', path: ['content'], message: 'The content of a file is its URL.' });
  });
export type MessageParams = z.output<typeof messageParams>;

/** The parameters of each method. Unknown ones are ignored. */
export const PARAMS = {
  getChatUsers: z.object(organization),
  message: messageParams,
  typing: z.object({ ...session, state: z.enum(['on', 'off']).default('on') }),
} as const;
export type MethodName = keyof typeof PARAMS;
export const METHOD_NAMES = Object.keys(PARAMS) as [MethodName, ...MethodName[]];
export type ParamsOf<Method extends MethodName> = z.output<(typeof PARAMS)[Method]>;
