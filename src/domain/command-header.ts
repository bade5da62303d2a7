/** A new `command_id`: 96 random bits as 16 characters. It is short because each event carries it. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return btoa(String.fromCharCode(...bytes));
}

/** The fields that every command has. */
export type CommandHeader = {
  v: 1;
  command_id: string;
  /**
   * Set when the id follows from a client's `Idempotency-Key`: the digest of the request, for which the key stands. The
   * command is then remembered for 24 h instead of a minute (thread/store/recent-commands.ts).
   */
  keyed_request?: string;
};
