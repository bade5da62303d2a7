/** The record of a call between a user and a contact, which a telephone system has made (an extension). */
export type CallFacts = {
  direction: 'inbound' | 'outbound';
  /** Numbers or extensions. */
  caller: string;
  called: string;
  /** In seconds; null: not known. */
  duration: number | null;
  subject: string | null;
  summary: string | null;
  /** The name or the URL of what was said. */
  transcription: string | null;
};
