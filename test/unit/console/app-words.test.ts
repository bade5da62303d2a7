import { describe, expect, it } from 'vitest';
import { PATTERN_EXAMPLES, wordsOfChanges, wordsOfPattern } from '../../../src/console-app/settings/apps/app-words.ts';
import { problemOfPattern } from '../../../src/resources/topic.ts';

const ID = '01a1fe0e-2427-726c-b9f7-bd2e11921d1d';

describe('the words for what an app is sent', () => {
  it('exist for all examples, which the hub accepts', () => {
    const owner = { organization_id: ID, has_app_user: true, has_reports: false };
    expect(PATTERN_EXAMPLES.map((pattern) => problemOfPattern(pattern, owner)).filter((each) => each !== null)).toEqual(
      [],
    );
    expect(PATTERN_EXAMPLES.filter((pattern) => wordsOfPattern(pattern).includes('/'))).toEqual([]);
    expect(new Set(PATTERN_EXAMPLES.map(wordsOfPattern)).size).toBe(PATTERN_EXAMPLES.length);
  });

  it.each([
    ['/api/v5/orgs/{organization_id}/owned_chats/*/messages', 'Messages in all chats of the organization’s rooms'],
    ['/api/v5/orgs/{organization_id}/rooms/*/pending_chats', 'The state of waiting chats of a room'],
    [`/api/v5/orgs/${ID}/rooms/${ID}/chats/*/tags`, 'Tags of chats of a room (only those that the path names)'],
    [
      '/api/v5/orgs/{organization_id}/rooms/*/visitors/*/chats/*/messages/*/reply_suggestions',
      'Suggested answers in chats of a visitor in a room',
    ],
    ['/api/v5/users/{user_id}/chat_memberships', 'The app’s own part in chats'],
  ])('say what %s is', (pattern, words) => {
    expect(wordsOfPattern(pattern)).toBe(words);
  });

  it.each(['/api/v5/orgs/{organization_id}/parrots', '/api/v5/users/{user_id}/chats/*/parrots', 'hello', ''])(
    'leave %s as it is: it is nothing that they know',
    (pattern) => {
      expect(wordsOfPattern(pattern)).toBe(pattern);
    },
  );

  it('name the kinds of changes', () => {
    expect(wordsOfChanges({ on_added: true, on_changed: false, on_removed: true })).toBe('added or removed');
  });
});
