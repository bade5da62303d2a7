import { z } from '@hono/zod-openapi';
import { refuseChangedNumbers } from '../../http/exact-numbers.ts';
import { isWebUrl, refuseUnkeepableName, textField, uuidField, webUrlField } from '../../http/fields.ts';
import { isNestedWithin, jsonBytes } from '../../http/json-size.ts';
import { ACTION_STYLES, type AttachmentTemplate, type NewAction } from '../../resources/attachment.ts';
import { FILES_OF_A_MESSAGE } from '../../resources/file.ts';
import type { WantedAttachment } from '../shared/attach-files.ts';

/** Largest JSON of a message's attachments in bytes, both as received and as stored. */
const ATTACHMENTS_BYTES = 200_000;
/** Most attachments and actions of a message together. More would exceed ATTACHMENTS_BYTES when stored. */
const ATTACHMENTS_ELEMENTS = 1_250;
/**
 * Deepest nesting of objects and lists: the attachments, their actions or parameters, and the values of the parameters.
 */
const ATTACHMENTS_LEVELS = 32;
/** Bytes of the id that the thread adds to the JSON of an attachment or action, and at most those of a file. */
const ID_BYTES = 45;
const FILE_JSON_BYTES = 800;
const URL_CHARACTERS = 2048;
const TEXT_CHARACTERS = 10_000;
const LABEL_CHARACTERS = 2000;

const REQUIRED = 'This field is required.';

const webUrl = () => webUrlField({ max: URL_CHARACTERS });
const linkTarget = z.enum(['_blank', '_parent']).nullish();

const actionSchema = z
  .object({
    text: textField({ max: LABEL_CHARACTERS }),
    type: z.enum(['button', 'link_button']),
    link_target: linkTarget.openapi({ description: 'Of a `link_button` only; `_blank` by default.' }),
    value: textField({ max: URL_CHARACTERS, blank: true }),
    style: z.enum(ACTION_STYLES).nullish().openapi({ description: '`secondary` by default.' }),
    is_disabled_on_selection: z.boolean(),
    is_disabled_on_visitor_message: z.boolean(),
  })
  .superRefine(({ type, value }, context) => {
    if (type === 'button' || isWebUrl(value) || /^#\S+$/.test(value)) return;
    context.addIssue({ code: 'custom', path: ['value'], message: 'Enter a valid URL or an anchor such as #contact.' });
  })
  .openapi('NewChatMessageAction');

/** The depth of the whole attachments has been checked. */
function refuseUnkeepable(parameters: unknown, context: z.RefinementCtx): unknown {
  refuseChangedNumbers(parameters, context);
  return refuseUnkeepableName(parameters, context);
}

const parametersSchema = z
  .preprocess(refuseUnkeepable, z.record(z.string(), z.unknown()).nullish())
  .openapi({ type: ['object', 'null'], additionalProperties: true });

const attachmentSchema = z
  .object({
    title: textField({ max: LABEL_CHARACTERS, blank: true }).nullish(),
    title_link_url: webUrl().nullish(),
    text: textField({ max: TEXT_CHARACTERS, blank: true }).nullish(),
    image_url: webUrl().nullish(),
    image_link_url: webUrl().nullish(),
    link_target: linkTarget.openapi({ description: 'Of attachments with a link only; `_blank` by default.' }),
    actions: z.array(actionSchema).nullish(),
    interaction_id: uuidField().nullish(),
    attachment_url: webUrl().nullish(),
    parameters: parametersSchema,
    file_id: uuidField().nullish().openapi({ description: 'Extension: a file that the sender has uploaded.' }),
  })
  .openapi('NewChatMessageAttachment');

type AttachmentPayload = z.output<typeof attachmentSchema>;

const TOO_LARGE = `Ensure this field has no more than ${ATTACHMENTS_BYTES} bytes of JSON.`;

/** Runs before the other checks: zod throws when it has a hundred thousand errors to report. */
function refuseBulk(attachments: unknown, context: z.RefinementCtx): unknown {
  if (!isNestedWithin(attachments, ATTACHMENTS_LEVELS)) {
    context.addIssue(`Ensure this field has no more than ${ATTACHMENTS_LEVELS} levels.`);
  } else if (attachments !== undefined && jsonBytes(attachments) > ATTACHMENTS_BYTES) {
    context.addIssue(TOO_LARGE);
  } else if (elementCount(attachments) > ATTACHMENTS_ELEMENTS) {
    context.addIssue(`Ensure this field has no more than ${ATTACHMENTS_ELEMENTS} attachments and actions.`);
  }
  return attachments;
}

function elementCount(attachments: unknown): number {
  if (!Array.isArray(attachments)) return 0;
  return attachments.reduce<number>((count, attachment: { actions?: unknown } | null) => {
    const actions = attachment?.actions;
    return count + 1 + (Array.isArray(actions) ? actions.length : 0);
  }, 0);
}

/** The fields `attachment_template` and `attachments` of a message (Chats API, Chat message attachments). */
export const attachmentFields = {
  attachment_template: z.enum(['generic', 'interaction', 'external']).nullish().openapi({
    description:
      '`generic` when there are attachments and no template. Fields that belong to another template are dropped.',
  }),
  attachments: z.preprocess(refuseBulk, z.array(attachmentSchema).nullish()).openapi({
    description: 'At most 200,000 bytes of JSON; one attachment with the templates `interaction` and `external`.',
  }),
};

/**
 * The attachments that the two fields define, which may name files. All defaults are set, and each attachment has only the fields of its
 * template.
 */
export type Attached = { attachments: WantedAttachment[]; attachment_template: AttachmentTemplate | null };

/** The attachments of a validated payload. Reports fields that the template requires and that are missing. */
export function attachedTo(
  payload: {
    attachment_template?: AttachmentTemplate | null | undefined;
    attachments?: AttachmentPayload[] | null | undefined;
  },
  context: z.RefinementCtx,
): Attached {
  const given = payload.attachments ?? [];
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path: ['attachments', ...path], message });
  if (given.length === 0) {
    if (payload.attachment_template != null) refuse([], REQUIRED);
    return { attachments: [], attachment_template: null };
  }
  const template = payload.attachment_template ?? 'generic';
  if (template !== 'generic' && given.length > 1) refuse([], 'Ensure this field has no more than 1 elements.');
  for (const [place, attachment] of given.entries()) {
    const missing = missingIn(template, attachment);
    if (missing !== null) refuse(missing.field === null ? [place] : [place, missing.field], missing.message);
  }
  const attachments = given.map((attachment) => keptOf(template, attachment));
  const ids = attachments.reduce((count, { actions }) => count + 1 + actions.length, 0);
  const files = attachments.filter(({ file_id }) => file_id !== undefined).length;
  if (files > FILES_OF_A_MESSAGE) refuse([], `Ensure this field has no more than ${FILES_OF_A_MESSAGE} files.`);
  const added = ids * ID_BYTES + files * FILE_JSON_BYTES;
  if (jsonBytes(attachments) + added > ATTACHMENTS_BYTES) refuse([], TOO_LARGE);
  return { attachments, attachment_template: template };
}

function missingIn(
  template: AttachmentTemplate,
  attachment: AttachmentPayload,
): { field: string | null; message: string } | null {
  switch (template) {
    case 'generic': {
      const { title, text, image_url, actions, file_id } = attachment;
      if ([title, text, image_url, file_id].some(isFilled) || (actions ?? []).length > 0) return null;
      return { field: null, message: 'At least one of title, text, image_url and actions is required.' };
    }
    case 'interaction':
      return attachment.interaction_id == null ? { field: 'interaction_id', message: REQUIRED } : null;
    case 'external':
      return attachment.attachment_url == null ? { field: 'attachment_url', message: REQUIRED } : null;
  }
}

function isFilled(text: string | null | undefined): boolean {
  return text != null && text.trim() !== '';
}

function keptOf(template: AttachmentTemplate, attachment: AttachmentPayload): WantedAttachment {
  const shared = { title: attachment.title ?? null, text: attachment.text ?? null };
  if (template === 'generic') {
    const links = { title: attachment.title_link_url ?? null, image: attachment.image_link_url ?? null };
    const hasLink = links.title !== null || links.image !== null;
    return {
      ...shared,
      title_link_url: links.title,
      image_url: attachment.image_url ?? null,
      image_link_url: links.image,
      ...(hasLink ? { link_target: attachment.link_target ?? '_blank' } : {}),
      actions: (attachment.actions ?? []).map(newAction),
      interaction_id: null,
      attachment_url: null,
      parameters: null,
      ...(attachment.file_id == null ? {} : { file_id: attachment.file_id }),
    };
  }
  return {
    ...shared,
    title_link_url: null,
    image_url: null,
    image_link_url: null,
    actions: [],
    interaction_id: template === 'interaction' ? (attachment.interaction_id ?? null) : null,
    attachment_url: template === 'external' ? (attachment.attachment_url ?? null) : null,
    parameters: attachment.parameters ?? null,
  };
}

function newAction(action: z.output<typeof actionSchema>): NewAction {
  return {
    text: action.text,
    type: action.type,
    ...(action.type === 'link_button' ? { link_target: action.link_target ?? '_blank' } : {}),
    value: action.value,
    style: action.style ?? 'secondary',
    is_disabled_on_selection: action.is_disabled_on_selection,
    is_disabled_on_visitor_message: action.is_disabled_on_visitor_message,
  };
}
