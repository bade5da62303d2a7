import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { actionInWords, COMMON_ACTIONS } from '../../../src/console-app/settings/audit-log/actions.ts';

describe('an action of the audit log in words', () => {
  it.each([
    ['createSignInLink', 'Created sign in link'],
    ['updateOrganization', 'Changed organization'],
    ['replaceTeamV6', 'Changed team'],
    ['adminDeleteUser', 'Deleted user'],
    ['adminListUsers', 'Read users'],
    ['createRpcKey', 'Created RPC key'],
    ['createSession', 'Signed in'],
    ['deleteToken', 'Revoked a token'],
    ['adminDeleteToken', 'Revoked a token'],
    ['rewrapSecrets', 'Rewrap secrets'],
    ['', ''],
  ])('%s is “%s”', (action, words) => {
    expect(actionInWords(action)).toBe(words);
  });

  it('is offered only if there is such an operation, and no two have the same words', () => {
    const reference = readFileSync('public/openapi.json', 'utf8');
    for (const action of COMMON_ACTIONS) expect(reference).toContain(`"operationId": "${action}"`);
    expect(new Set(COMMON_ACTIONS.map(actionInWords)).size).toBe(COMMON_ACTIONS.length);
  });
});
