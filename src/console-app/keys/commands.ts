/** What somebody can do by keys and in the palette. */
export type Command = {
  readonly id: string;
  readonly name: string;
  /** As it is shown: `g w`, `Ctrl+K`. Null when there is none. */
  readonly keys: string | null;
  readonly run: () => void;
};
