/**
 * The properties of a message that is neither edited nor encrypted, is made from no suggestion, has no attachment and
 * answers none.
 */
export const PLAIN = {
  is_encrypted: false,
  is_edited: false,
  sensitive_data_purged_at: null,
  selected_reply_suggestion_id: null,
  selected_reply_suggestion: null,
  attachments: [],
  attachment_template: null,
  response_to_message_id: null,
  response_to_attachment_id: null,
  response_to_attachment: null,
  response_to_action_id: null,
  response_to_action: null,
  response_text: null,
  response_value: null,
};

/** The properties that the published texts do not have, of a message that was not deleted and is not reported on. */
export const STORED = {
  deleted_at: null,
  delivery_status: 'stored',
  delivered_at: null,
  read_at: null,
  failure_reason: null,
};
