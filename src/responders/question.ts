/** A message as a responder gets it. */
export type AskedMessage = {
  body: string;
  is_customer_support_agent: boolean;
  attachments?: readonly { title: string | null }[];
};

/** What a responder is asked. `history`: the messages before, oldest first. */
export type Question = {
  thread_fid: string;
  message: AskedMessage & object;
  history: readonly (AskedMessage & object)[];
  /** Where a late answer may be posted. */
  reply_url: string;
};

/** What a responder answers. `failed` says why, for the log. */
export type ResponderAnswer =
  | { kind: 'reply'; text: string }
  | { kind: 'suggestion'; text: string; relevancy_score: number | null }
  | { kind: 'nothing' }
  | { kind: 'failed'; why: string };
