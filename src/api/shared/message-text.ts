import { z } from '@hono/zod-openapi';
import { textField } from '../../http/fields.ts';
import type { WantedAttachment } from './attach-files.ts';

/** The field with the text of a message, which `textOf` checks. `max` in characters. */
export function messageText(max: number) {
  return z.unknown().optional().openapi({ type: 'string', maxLength: max });
}

/** The text of a message: not blank, unless an attachment names a file. Reports what is wrong with it. */
export function textOf(
  given: unknown,
  attachments: readonly WantedAttachment[],
  max: number,
  context: z.RefinementCtx,
): string {
  const hasFile = attachments.some(({ file_id }) => file_id !== undefined);
  const text = textField({ max, blank: hasFile }).safeParse(hasFile ? (given ?? '') : given);
  if (text.success) return text.data;
  for (const issue of text.error.issues) context.addIssue({ ...issue, code: 'custom', path: ['message'] });
  return z.NEVER;
}
