import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AutosuggestionRule,
  languagesOf,
  matchesUrl,
  rulesOn,
  starterOf,
} from '../../../src/resources/autosuggestion.ts';

function ruleOf(more: Partial<AutosuggestionRule> = {}): AutosuggestionRule {
  const about = { url_pattern: '*', seconds: 0, language_code: null, user_id: 'ada' };
  return { id: 'r', room_id: 'room', ...about, created_at: 0, updated_at: 0, ...more };
}

describe('a pattern of URLs', () => {
  it.each<[string, string, boolean]>([
    ['https://shop.example/', 'https://shop.example/', true],
    ['https://shop.example/', 'https://shop.example/cart', false],
    ['https://shop.example/*', 'https://shop.example/', true],
    ['https://shop.example/*', 'https://shop.example/cart?x=1#top', true],
    ['https://shop.example/*', 'https://shop.example.evil.test/', false],
    ['*', '', true],
    ['*/cart', 'https://shop.example/fi/cart', true],
    ['*/cart', 'https://shop.example/cart/2', false],
    ['https://*.example/*/cart*', 'https://shop.example/fi/cart?full', true],
    ['https://*.example/*/cart*', 'https://shop.example/cart', false],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['https://shop.example/a.b?c', 'https://shop.example/axb?c', false],
  ])('%s and %s: %s', (pattern, url, isMatch) => {
    expect(matchesUrl(pattern, url)).toBe(isMatch);
  });

  it('means what the same regular expression means', () => {
    const text = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 });
    fc.assert(
      fc.property(text('ab*'), text('ab'), (pattern, url) => {
        const same = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(matchesUrl(pattern, url)).toBe(same.test(url));
      }),
    );
  });

  it('takes no time that grows faster than the texts', () => {
    expect(matchesUrl('*a'.repeat(900), 'b'.repeat(2000))).toBe(false);
    expect(matchesUrl(`${'*a'.repeat(900)}*b`, 'a'.repeat(2000))).toBe(false);
  });
});

describe('the rules that apply', () => {
  const page = { url: 'https://shop.example/cart', seconds: 20, language: 'en-GB' };

  it.each<[string, Partial<AutosuggestionRule>, boolean]>([
    ['on another page', { url_pattern: 'https://shop.example/' }, false],
    ['too early', { seconds: 21 }, false],
    ['in time', { seconds: 20 }, true],
    ['in the language', { language_code: 'EN' }, true],
    ['in this form of the language', { language_code: 'en-gb' }, true],
    ['in another form of it', { language_code: 'en-US' }, false],
    ['in another language', { language_code: 'fi' }, false],
    ['in a language that only begins so', { language_code: 'e' }, false],
  ])('%s: %j %s', (_, rule, applies) => {
    expect(rulesOn([ruleOf(rule)], page)).toHaveLength(applies ? 1 : 0);
  });

  it('keep their order', () => {
    const rules = ['a', 'b', 'c'].map((id) => ruleOf({ id, ...(id === 'b' ? { seconds: 99 } : {}) }));
    expect(rulesOn(rules, page).map(({ id }) => id)).toEqual(['a', 'c']);
  });
});

describe('the starter of a rule', () => {
  const starters = [
    { user_id: 'ada', language_code: 'en', message: 'Hello' },
    { user_id: 'ada', language_code: 'FI', message: 'Moi' },
    { user_id: 'bot', language_code: 'sv', message: 'Hej' },
  ];
  const starter = (rule: AutosuggestionRule, language: string, room = 'en') =>
    starterOf(rule, starters, languagesOf(rule, language, room))?.message ?? null;

  it('is in the language of the visitor, else of the room', () => {
    expect(starter(ruleOf(), 'fi')).toBe('Moi');
    expect(starter(ruleOf(), 'fi-FI')).toBe('Moi');
    expect(starter(ruleOf(), 'sv')).toBe('Hello');
    expect(starter(ruleOf(), 'sv', 'de')).toBeNull();
  });

  it('of a rule with a language is in no other one', () => {
    expect(starter(ruleOf({ language_code: 'sv' }), 'sv')).toBeNull();
    expect(starter(ruleOf({ language_code: 'fi' }), 'fi-FI')).toBe('Moi');
  });
});
