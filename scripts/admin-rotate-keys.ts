/** `npm run admin -- rotate-keys`: another signing key, and all stored secrets wrapped by the present SECRETS_KEY. */

/** A request to the admin API; answers the body. Rejects when the hub refuses. */
export type AskAdmin = (path: string, body: object) => Promise<unknown>;

type Rewrapped = { rewrapped: number; unreadable: { table: string; id: string }[]; next: string | null };

/**
 * Rotates the signing key, then wraps secrets part after part. `endsPrevious`: tokens of earlier keys end at once. Says
 * what was done. Answers whether all secrets could be read: only then SECRETS_KEY_PREVIOUS may go.
 */
export async function rotateKeys(ask: AskAdmin, endsPrevious: boolean, say: (line: string) => void): Promise<boolean> {
  const key = (await ask('/signing_keys', { ends_previous: endsPrevious })) as { id: string };
  say(
    `New signing key ${key.id}. ${endsPrevious ? 'All earlier tokens end now.' : 'Earlier tokens work until they expire.'}`,
  );
  let rewrapped = 0;
  let unreadable = 0;
  let cursor: string | null = null;
  do {
    const part = (await ask('/secrets/rewrap', { cursor })) as Rewrapped;
    rewrapped += part.rewrapped;
    unreadable += part.unreadable.length;
    for (const { table, id } of part.unreadable) say(`${table} ${id}: cannot be unwrapped; the log says why`);
    cursor = part.next;
  } while (cursor !== null);
  say(`${rewrapped} secrets wrapped by SECRETS_KEY, ${unreadable} unreadable.`);
  return unreadable === 0;
}
