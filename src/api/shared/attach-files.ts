import type { OrganizationDatabase } from '../../db/database.ts';
import { type FileOwner, releaseFiles, useFiles } from '../../directory/files.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { type FieldErrors, refuse } from '../../http/refusals.ts';
import type { NewAttachment } from '../../resources/attachment.ts';
import type { FileFacts } from '../../resources/file.ts';
import { fileAttachment } from '../../resources/file-links.ts';
import type { Reached } from '../reach-chat.ts';

/** An attachment as it was sent: it may name a file. */
export type WantedAttachment = NewAttachment & { file_id?: string };

/**
 * Sends a message whose attachments may name files: takes the files for the chat, and gives them back when the message is
 * refused. A file that the owner cannot use in this chat is one that does not exist: 400, and nothing is sent.
 */
export async function sendWithFiles<Answer>(
  c: AppContext,
  { database, owner, chat_id }: { database: OrganizationDatabase; owner: FileOwner; chat_id: string },
  wanted: readonly WantedAttachment[],
  send: (attachments: NewAttachment[]) => Promise<Reached<Answer>>,
): Promise<Reached<Answer>> {
  const ids = wanted.flatMap(({ file_id }) => file_id ?? []);
  if (ids.length === 0) return await send(wanted.map((attachment) => resolved(attachment, new Map())));
  const used = await useFiles(database, owner, chat_id, ids, Date.now());
  if (used === null) {
    const problems: FieldErrors = { file_id: ['There is no such file.'] };
    const attachments = wanted.map(({ file_id }) => (file_id === undefined ? {} : problems));
    return { ok: false, refused: refuse(c, { reason: 'invalid', fields: { attachments } }) };
  }
  const reached = await send(wanted.map((attachment) => resolved(attachment, used.files)));
  // After an accident nobody knows whether the message was stored.
  if (!reached.ok && reached.refused.status < 500) {
    await releaseFiles(database, owner.organization_id, chat_id, used);
  }
  return reached;
}

function resolved({ file_id, ...attachment }: WantedAttachment, files: ReadonlyMap<string, FileFacts>): NewAttachment {
  const file = file_id === undefined ? undefined : files.get(file_id);
  return file === undefined ? attachment : fileAttachment(file, attachment);
}
