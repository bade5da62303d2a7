/** Where somebody chooses a canned reply: it replaces the text from `from` to `to`. */
export type Choosing = { readonly from: number; readonly to: number; readonly query: string };

const SLASH = /(?:^|\n)\/([\p{L}\p{N}_-]*)$/u;

/** What is chosen by a `/` at the start of the line of the caret; null when there is none. */
export function choosingAt(text: string, caret: number): Choosing | null {
  const found = SLASH.exec(text.slice(0, caret));
  if (found === null) return null;
  const query = found[1] ?? '';
  return { from: caret - query.length - 1, to: caret, query: query.toLowerCase() };
}

/** The replies that fit what was typed: those whose shortcut begins with it first, then those that have it anywhere. */
export function fittingReplies<Reply extends { shortcut: string; message: string }>(
  replies: readonly Reply[],
  query: string,
): Reply[] {
  const rank = ({ shortcut, message }: Reply) =>
    shortcut.startsWith(query) ? 0 : shortcut.includes(query) || message.toLowerCase().includes(query) ? 1 : 2;
  return replies
    .filter((reply) => rank(reply) < 2)
    .sort((one, other) => rank(one) - rank(other) || (one.shortcut < other.shortcut ? -1 : 1));
}

/** A reply with what stands in double braces filled in. What is not known stays as it is. */
export function filledIn(message: string, facts: ReadonlyMap<string, string>): string {
  return message.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, (whole, name: string) => facts.get(name) ?? whole);
}

/** The text with a reply in it, and what is then selected: the first gap that is not filled in, else the end of the reply. */
export function withReply(
  text: string,
  { from, to }: Choosing,
  reply: string,
): { text: string; selection: readonly [number, number] } {
  const gap = /\{\{[^{}]+\}\}/.exec(reply);
  const at = from + (gap === null ? reply.length : gap.index);
  return {
    text: text.slice(0, from) + reply + text.slice(to),
    selection: [at, at + (gap === null ? 0 : gap[0].length)],
  };
}
