import type { FileFacts } from './file.ts';

/** The kinds of attachments of a message (Chats API, Chat message attachments). */
export type AttachmentTemplate = 'generic' | 'interaction' | 'external';
export type LinkTarget = '_blank' | '_parent';

export const ACTION_STYLES = [
  'primary',
  'secondary',
  'info',
  'success',
  'warning',
  'danger',
  'link',
  'brand_primary',
  'brand_secondary',
] as const;
export type ActionStyle = (typeof ACTION_STYLES)[number];

/** An action of an attachment, as stored and shown. Only a `link_button` has `link_target`. */
export type Action = {
  id: string;
  text: string;
  type: 'button' | 'link_button';
  link_target?: LinkTarget;
  value: string;
  style: ActionStyle;
  is_disabled_on_selection: boolean;
  is_disabled_on_visitor_message: boolean;
};

/**
 * An attachment of a message, as stored and shown. `link_target` exists only when the title or the image is a link. An
 * attachment with a file is stored without URLs: they are put in whenever it is shown (file-links.ts).
 */
export type Attachment = {
  id: string;
  title: string | null;
  title_link_url: string | null;
  text: string | null;
  image_url: string | null;
  image_link_url: string | null;
  link_target?: LinkTarget;
  actions: Action[];
  interaction_id: string | null;
  attachment_url: string | null;
  parameters: Record<string, unknown> | null;
  file?: FileFacts;
};

/** An action before the thread gives it an id. */
export type NewAction = Omit<Action, 'id'>;
export type NewAttachment = Omit<Attachment, 'id' | 'actions'> & { actions: NewAction[] };
