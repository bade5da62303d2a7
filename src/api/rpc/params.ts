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
export const MESSAGE_TYPES = { text: 1, file: 2, file_url: 7, call: 8 } as const;

const SUMMARY_CHARACTERS = 10_000;
const SUBJECT_CHARACTERS = 1000;
const TRANSCRIPTION_CHARACTERS = 2048;
const LONGEST_CALL = 31_536_000;

const noted = (max: number) => textField({ max, blank: true }).nullish();
const seconds = () => z.number().min(0).max(LONGEST_CALL).transform(Math.round).nullish();

/** The record of a call, with the names of the published text or with those of its collection of examples. */
const callContent = z
  .object({
    activity_type: z.enum(['inbound', 'outbound']).optional(),
    caller_number: line().optional(),
    caller: line().optional(),
    called_number: line().optional(),
    called: line().optional(),
    call_duration: seconds(),
    duration: seconds(),
    call_subject: noted(SUBJECT_CHARACTERS),
    subject: noted(SUBJECT_CHARACTERS),
    call_summary: noted(SUMMARY_CHARACTERS),
    comment: noted(SUMMARY_CHARACTERS),
    call_transcription: noted(TRANSCRIPTION_CHARACTERS),
    transcription: noted(TRANSCRIPTION_CHARACTERS),
  })
  .transform((given, context) => {
    const caller = given.caller_number ?? given.caller;
    const called = given.called_number ?? given.called;
    if (caller === undefined) context.addIssue({ code: 'custom', path: ['caller_number'], message: REQUIRED });
    if (called === undefined) context.addIssue({ code: 'custom', path: ['called_number'], message: REQUIRED });
    return {
      direction: given.activity_type ?? null,
      caller: caller ?? '',
      called: called ?? '',
      duration: given.call_duration ?? given.duration ?? null,
      subject: given.call_subject ?? given.subject ?? null,
      summary: given.call_summary ?? given.comment ?? null,
      transcription: given.call_transcription ?? given.transcription ?? null,
    };
  });
const REQUIRED = 'This field is required.';
export type CallContent = z.output<typeof callContent>;

const parties = {
  ...organization,
  from: line().optional(),
  to: line().optional(),
  senderid: line().optional(),
  sendername: textField({ max: 255 }).optional(),
  senderinfo: z
    .object({ phone: textField({ max: 255 }).optional(), email: textField({ max: 255 }).optional() })
    .optional(),
  userid: id().optional(),
  sessionid: id().optional(),
  timestamp: integerField({ min: 0, max: LATEST }).optional().openapi({ description: 'In ms.' }),
};

const writtenParams = z
  .object({
    ...parties,
    content: textField({ max: CHANNEL_MESSAGE_CHARACTERS }).optional(),
    type: z.union([z.literal(1), z.literal(2), z.literal(7)]).default(1),
    messageid: id().optional().openapi({ description: 'Instead of `content`: a message whose file is synced.' }),
  })
  .superRefine(({ type, content }, context) => {
    if (type === MESSAGE_TYPES.text || (content !== undefined && calledUrlField().safeParse(content).success)) return;
    context.addIssue({ code: 'custom', path: ['content'], message: 'The content of a file is its URL.' });
  });

const callParams = z.object({ ...parties, content: callContent, type: z.literal(MESSAGE_TYPES.call) });

export type MessageParams = z.output<typeof writtenParams>;
export type PartyParams = Pick<MessageParams, 'from' | 'to' | 'senderid' | 'userid'>;
export type CallParams = z.output<typeof callParams>;

/** The parameters of each method; `call`: of the method `message` with the type 8. Unknown ones are ignored. */
export const PARAMS = {
  getChatUsers: z.object(organization),
  message: writtenParams,
  call: callParams,
  delivered: z.object({ ...organization, messageid: id() }),
  read: z.object(session),
  updated: z.object({ ...organization, messageid: id(), content: textField({ max: CHANNEL_MESSAGE_CHARACTERS }) }),
  deleted: z.object({ ...organization, messageid: id() }),
  typing: z.object({ ...session, state: z.enum(['on', 'off']).default('on') }),
} as const;
export type MethodName = keyof typeof PARAMS;
export const METHOD_NAMES = Object.keys(PARAMS).filter((name) => name !== 'call') as [MethodName, ...MethodName[]];

/** What a call of a method is about. */
export function kindOfCall(method: MethodName, params: { type?: unknown }): MethodName {
  return method === 'message' && params.type === MESSAGE_TYPES.call ? 'call' : method;
}

export type ParamsOf<Method extends MethodName> = z.output<(typeof PARAMS)[Method]>;
