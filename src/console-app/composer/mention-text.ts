import type { Named } from '../words/mentions.ts';
import type { Choosing } from './reply-text.ts';

/** Names have several words. */
const AT = /(?<![\p{L}\p{N}])@([\p{L}\p{N}'’.-]*(?: [\p{L}\p{N}'’.-]+)*)$/u;
/** Longest that is looked for, in characters: what is longer is no name. */
const LONGEST_NAME = 40;

/** What is typed after an `@` before the caret, as far as it may be a name; null when there is none. */
export function mentioningAt(text: string, caret: number): Choosing | null {
  const found = AT.exec(text.slice(Math.max(0, caret - LONGEST_NAME), caret));
  if (found === null) return null;
  const query = found[1] ?? '';
  return { from: caret - query.length - 1, to: caret, query: query.toLowerCase() };
}

/** Those of whose name a word begins with what was typed; who is present comes first. */
export function fittingColleagues<Colleague extends Named & { readonly is_present: boolean }>(
  colleagues: readonly Colleague[],
  query: string,
): Colleague[] {
  return colleagues
    .filter(({ name }) => ` ${name.toLowerCase()}`.includes(` ${query}`))
    .sort((one, other) => Number(other.is_present) - Number(one.is_present) || one.name.localeCompare(other.name));
}
