import { isoTime } from './clock.ts';
import type { ConversationStarter } from './conversation-starter.ts';

/**
 * A rule of a room: on pages with such a URL, after so many seconds, visitors are offered the conversation starter of a
 * user or bot. `language_code` null: in any language. Times in ms.
 */
export type AutosuggestionRule = {
  id: string;
  room_id: string;
  /** The URL of a page; each `*` stands for any text, an empty one too. */
  url_pattern: string;
  seconds: number;
  language_code: string | null;
  user_id: string;
  created_at: number;
  updated_at: number;
};

/** Where a visitor is, for how many seconds, and the language (RFC 3066) that they read. */
export type OnPage = { url: string; seconds: number; language: string };

/** The rule as its organization sees it (an extension). */
export function autosuggestionResource(rule: AutosuggestionRule) {
  const { id, room_id, url_pattern, seconds, language_code, user_id } = rule;
  const times = { created_at: isoTime(rule.created_at), updated_at: isoTime(rule.updated_at) };
  return { id, room_id, url_pattern, seconds, language_code, user_id, ...times };
}

/** The rules that apply, in their order. */
export function rulesOn<Rule extends AutosuggestionRule>(rules: readonly Rule[], page: OnPage): Rule[] {
  return rules.filter(
    (rule) =>
      rule.seconds <= page.seconds &&
      (rule.language_code === null || isSpoken(rule.language_code, page.language)) &&
      matchesUrl(rule.url_pattern, page.url),
  );
}

/** The languages in which a rule's user may greet, the best first, in lower case. */
export function languagesOf(rule: AutosuggestionRule, language: string, roomLanguage: string): string[] {
  const wished = rule.language_code === null ? [language, roomLanguage] : [language, rule.language_code];
  return [...new Set(wished.flatMap((code) => [code.toLowerCase(), primaryOf(code)]))];
}

/** The starter of a rule's user in the best of their languages; null when they have none. */
export function starterOf(
  rule: AutosuggestionRule,
  starters: readonly (Pick<ConversationStarter, 'language_code' | 'message'> & { user_id: string })[],
  languages: readonly string[],
): Pick<ConversationStarter, 'language_code' | 'message'> | null {
  const own = starters.filter(({ user_id }) => user_id === rule.user_id);
  const codes = languages.map((code) => own.find(({ language_code }) => language_code.toLowerCase() === code));
  return codes.find((starter) => starter !== undefined) ?? null;
}

/** Whether a rule for a language, such as `en`, is for who reads another one, such as `en-GB`. */
function isSpoken(code: string, language: string): boolean {
  const [wanted, read] = [code.toLowerCase(), language.toLowerCase()];
  return read === wanted || read.startsWith(`${wanted}-`);
}

function primaryOf(code: string): string {
  return code.toLowerCase().split('-')[0] ?? '';
}

/**
 * Whether a URL has the form of a pattern. Looks at the text between the stars from left to right and never goes back, so
 * no pattern takes long.
 */
export function matchesUrl(pattern: string, url: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return url === pattern;
  if (!url.startsWith(first) || !url.endsWith(last) || url.length < first.length + last.length) return false;
  let at = first.length;
  const end = url.length - last.length;
  for (const part of parts) {
    const found = url.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
