import { createContext, useContext } from 'react';

/** What one can do with messages that are in the thread. A text that is being changed outlives its line on the page. */
export type Changing = {
  /** The message of which the text is being changed, or that is about to be deleted; null: none. */
  readonly open: { readonly id: string; readonly is: 'edit' | 'delete'; readonly text: string } | null;
  readonly setOpen: (open: Changing['open']) => void;
  /** Answers why it was not done, in words; null when it was. */
  readonly edit: (messageId: string, text: string) => Promise<string | null>;
  readonly remove: (messageId: string) => Promise<string | null>;
  /** Reads a message again, since the addresses of its files have expired. */
  readonly refresh: (messageId: string) => Promise<void>;
  /** Whether the messages go to a channel, which keeps what it was sent. */
  readonly hasChannel: boolean;
  /** Longest text in characters. */
  readonly longest: number;
};

export const ChangingContext = createContext<Changing | null>(null);

export function useChanging(): Changing {
  const changing = useContext(ChangingContext);
  if (changing === null) throw new Error('a message is outside of a conversation');
  return changing;
}
