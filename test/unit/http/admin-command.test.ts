import { describe, expect, it } from 'vitest';
import { helpText, parseCommand, RESOURCES } from '../../../scripts/admin-command.ts';

describe('admin command line', () => {
  it('turns commands into requests', () => {
    expect(parseCommand(['organizations', 'create'], { name: 'X', 'private-chats': 'true' })).toEqual({
      ok: true,
      request: { method: 'POST', path: '/organizations', body: { name: 'X', private_chats: true } },
    });
    expect(parseCommand(['users', 'update'], { organization: 'o', user: 'u/1', alias: '' })).toEqual({
      ok: true,
      request: { method: 'PATCH', path: '/organizations/o/users/u%2F1', body: { alias: null } },
    });
    expect(parseCommand(['tokens', 'create'], { organization: 'o', user: 'u', scopes: 'settings,users' })).toEqual({
      ok: true,
      request: { method: 'POST', path: '/organizations/o/users/u/tokens', body: { scopes: ['settings', 'users'] } },
    });
    expect(parseCommand(['tokens', 'revoke'], { organization: 'o', user: 'u', token: 't' })).toEqual({
      ok: true,
      request: { method: 'DELETE', path: '/organizations/o/users/u/tokens/t', body: null },
    });
    expect(parseCommand(['rooms', 'list'], { organization: 'o', 'page-size': '5' })).toMatchObject({
      request: { path: '/organizations/o/rooms?page_size=5' },
    });
  });

  it('says what is wrong', () => {
    expect(parseCommand(['constructor', 'list'], {})).toEqual({ ok: false, problem: 'unknown resource "constructor"' });
    expect(parseCommand(['tokens', 'get'], {})).toEqual({ ok: false, problem: 'tokens can be: create, list, revoke' });
    expect(parseCommand(['rooms', 'get'], { organization: 'o' })).toEqual({
      ok: false,
      problem: 'missing --room <id>',
    });
    expect(parseCommand(['users', 'create'], { organization: 'o', 'is-bot': 'yes' })).toEqual({
      ok: false,
      problem: '--is-bot is true or false',
    });
  });

  it('names every resource in its help', () => {
    for (const name of Object.keys(RESOURCES)) expect(helpText()).toContain(name);
  });
});
