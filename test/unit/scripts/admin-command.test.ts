import { describe, expect, it } from 'vitest';
import { commandOptions, helpText, parseCommand } from '../../../scripts/admin-command.ts';
import { RESOURCES } from '../../../scripts/admin-resources.ts';

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

  it('turns teams, routers, shares and tags into requests', () => {
    const targets = 'all,user:u1,team:t1,organization:o2,all+bots,organization:o2+bots';
    expect(
      parseCommand(['routers', 'create'], { organization: 'o', name: 'Night', targets, 'room-ids': 'r1,r2' }),
    ).toEqual({
      ok: true,
      request: {
        method: 'POST',
        path: '/organizations/o/routers',
        body: {
          name: 'Night',
          targets: [
            { kind: 'all' },
            { kind: 'user', id: 'u1' },
            { kind: 'team', id: 't1' },
            { kind: 'organization', id: 'o2' },
            { kind: 'all', include_bots: true },
            { kind: 'organization', id: 'o2', include_bots: true },
          ],
          room_ids: ['r1', 'r2'],
        },
      },
    });
    expect(parseCommand(['routers', 'update'], { organization: 'o', router: 'x', targets: '' })).toMatchObject({
      request: { method: 'PATCH', path: '/organizations/o/routers/x', body: { targets: [] } },
    });
    expect(parseCommand(['team-members', 'add'], { organization: 'o', team: 't', user: 'u' })).toMatchObject({
      request: { method: 'PUT', path: '/organizations/o/teams/t/members/u', body: null },
    });
    expect(parseCommand(['room-shares', 'remove'], { organization: 'o', room: 'r', partner: 'p' })).toMatchObject({
      request: { method: 'DELETE', path: '/organizations/o/rooms/r/shares/p' },
    });
    expect(parseCommand(['team-shares', 'list'], { organization: 'o', team: 't' })).toMatchObject({
      request: { method: 'GET', path: '/organizations/o/teams/t/shares' },
    });
    expect(parseCommand(['allowed-tags', 'create'], { organization: 'o', room: 'r', name: 'Lead' })).toMatchObject({
      request: { method: 'POST', path: '/organizations/o/rooms/r/allowed_tags', body: { name: 'Lead' } },
    });
    expect(parseCommand(['allowed-tags', 'delete'], { organization: 'o', room: 'r', name: 'a/b' })).toMatchObject({
      request: { method: 'DELETE', path: '/organizations/o/rooms/r/allowed_tags/a%2Fb' },
    });
    const lifetimes = { 'visitor-chat-idle-ttl': '60', 'task-chat-ttl': '' };
    expect(parseCommand(['rooms', 'update'], { organization: 'o', room: 'r', ...lifetimes })).toMatchObject({
      request: { body: { visitor_chat_idle_ttl: 60, task_chat_ttl: null } },
    });
    const key = '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----';
    for (const text of [key, '']) {
      const options = { organization: 'o', 'encryption-public-key': text };
      expect(parseCommand(['organizations', 'update'], options)).toMatchObject({
        request: { body: { encryption_public_key: text === '' ? null : text } },
      });
    }
    expect(
      parseCommand(['rooms', 'update'], { organization: 'o', room: 'r', 'chat-key-ttl-days': '30' }),
    ).toMatchObject({ request: { body: { chat_key_ttl_days: 30 } } });
    const forgets = (days: string) =>
      parseCommand(['organizations', 'update'], { organization: 'o', 'message-list-days': days });
    expect(forgets('90')).toMatchObject({ request: { body: { message_list_days: 90 } } });
    expect(forgets('')).toMatchObject({ request: { body: { message_list_days: null } } });
    expect(forgets('a month')).toMatchObject({ problem: '--message-list-days is days or empty' });
  });

  it('turns settings and keys of interfaces into requests', () => {
    expect(parseCommand(['rpc', 'get'], { organization: 'o' })).toMatchObject({
      request: { method: 'GET', path: '/organizations/o/rpc' },
    });
    expect(parseCommand(['rpc', 'update'], { organization: 'o', 'webhook-url': '' })).toMatchObject({
      request: { method: 'PATCH', path: '/organizations/o/rpc', body: { webhook_url: null } },
    });
    const responder = '{"type":"workers_ai","model":"small"}';
    expect(parseCommand(['threads', 'update'], { organization: 'o', responder })).toMatchObject({
      request: { path: '/organizations/o/threads', body: { responder: { type: 'workers_ai', model: 'small' } } },
    });
    expect(parseCommand(['threads', 'update'], { organization: 'o', responder: '' })).toMatchObject({
      request: { body: { responder: null } },
    });
    expect(parseCommand(['threads', 'update'], { organization: 'o', responder: '{' })).toMatchObject({
      problem: '--responder is JSON or empty',
    });
    expect(parseCommand(['rpc-keys', 'revoke'], { organization: 'o', key: 'k' })).toMatchObject({
      request: { method: 'DELETE', path: '/organizations/o/rpc/keys/k', body: null },
    });
    expect(parseCommand(['rpc', 'get'], { organization: 'o', key: 'k' })).toMatchObject({
      problem: 'rpc get takes no --key',
    });
  });

  it('turns apps, their webhooks and installations into requests', () => {
    const pages = { 'terms-url': 'https://x.example/t', 'privacy-url': 'https://x.example/p' };
    const lists = { 'trigger-types': 'install,setup', 'required-scopes': 'settings', 'is-app-user-required': 'true' };
    expect(parseCommand(['apps', 'create'], { organization: 'o', name: 'Bot', ...pages, ...lists })).toEqual({
      ok: true,
      request: {
        method: 'POST',
        path: '/organizations/o/apps',
        body: {
          name: 'Bot',
          terms_url: 'https://x.example/t',
          privacy_url: 'https://x.example/p',
          trigger_types: ['install', 'setup'],
          required_scopes: ['settings'],
          is_app_user_required: true,
        },
      },
    });
    expect(parseCommand(['apps', 'rotate-secret'], { organization: 'o', app: 'a' })).toEqual({
      ok: true,
      request: { method: 'POST', path: '/organizations/o/apps/a/secret/rotate', body: null },
    });
    expect(parseCommand(['apps', 'rotate-secret'], { organization: 'o' })).toEqual({
      ok: false,
      problem: 'missing --app <id>',
    });
    const channel = '/api/v5/orgs/{organization_id}/owned_chats';
    const webhook = { 'endpoint-url': 'https://x.example/?key=1', 'channel-pattern': channel, 'on-added': 'true' };
    expect(parseCommand(['app-webhooks', 'create'], { organization: 'o', app: 'a', ...webhook })).toMatchObject({
      request: {
        method: 'POST',
        path: '/organizations/o/apps/a/webhooks',
        body: { endpoint_url: 'https://x.example/?key=1', channel_pattern: channel, on_added: true },
      },
    });
    expect(parseCommand(['app-installations', 'create'], { organization: 'o', 'app-id': 'a' })).toMatchObject({
      request: { method: 'POST', path: '/organizations/o/app_installations', body: { app_id: 'a' } },
    });
    expect(parseCommand(['app-installations', 'delete'], { organization: 'o', installation: 'i' })).toMatchObject({
      request: { method: 'DELETE', path: '/organizations/o/app_installations/i', body: null },
    });
  });

  it('begins purges, each with its verb', () => {
    const root = '/organizations/o';
    expect(parseCommand(['visitor-purges', 'create'], { organization: 'o', room: 'r', visitor: 'v' })).toEqual({
      ok: true,
      request: { method: 'POST', path: `${root}/rooms/r/visitors/v/purge`, body: null },
    });
    const thread = { organization: 'o', channel: 'c', 'thread-id': 'jane@example.com' };
    expect(parseCommand(['thread-purges', 'create'], thread)).toEqual({
      ok: true,
      request: { method: 'POST', path: `${root}/unified_messaging/c/purge`, body: { thread_id: 'jane@example.com' } },
    });
    const chat = { organization: 'o', chat: 'x' };
    expect(parseCommand(['chat-purges', 'create'], chat)).toEqual({
      ok: true,
      request: { method: 'POST', path: `${root}/owned_chats/x/purge`, body: {} },
    });
    const older = { ...chat, 'created-at-before': '2026-01-01T00:00:00Z' };
    expect(parseCommand(['chat-purges', 'create'], older)).toMatchObject({
      request: { body: { created_at_before: '2026-01-01T00:00:00Z' } },
    });
    expect(parseCommand(['chat-purges'], chat)).toEqual({ ok: false, problem: 'chat-purges can be: create' });
    expect(parseCommand(['visitor-secrets'], { organization: 'o', visitor: 'v' })).toMatchObject({ ok: false });
    expect(parseCommand(['usage'], { organization: 'o' })).toMatchObject({ request: { method: 'GET' } });
  });

  it('says what is wrong', () => {
    for (const targets of ['everybody', 'user:', 'room:1', 'all,x', 'all+', 'user:u1+bots']) {
      expect(parseCommand(['routers', 'create'], { organization: 'o', targets })).toEqual({
        ok: false,
        problem: '--targets is all,all+bots,user:<id>,team:<id>,organization:<id>,organization:<id>+bots',
      });
    }
    expect(parseCommand(['rooms', 'update'], { organization: 'o', room: 'r', 'task-chat-ttl': '1h' })).toEqual({
      ok: false,
      problem: '--task-chat-ttl is seconds or empty',
    });
    expect(parseCommand(['team-members', 'add'], { organization: 'o', team: 't' })).toEqual({
      ok: false,
      problem: 'missing --user <id>',
    });
    expect(parseCommand(['tokens', 'create'], { organization: 'o', user: 'u', scopes: 'setings' })).toEqual({
      ok: false,
      problem: '--scopes is any of settings,reports,users',
    });
    expect(parseCommand(['apps', 'create'], { organization: 'o', name: 'X' })).toEqual({
      ok: false,
      problem: 'missing --terms-url <text> and --privacy-url <text>',
    });
    expect(parseCommand(['rooms', 'list'], { organization: 'o', name: 'X', cursor: 'c' })).toEqual({
      ok: false,
      problem: 'rooms list takes no --name',
    });
    expect(parseCommand(['rooms', 'update'], { organization: 'o', room: 'r', id: 'i' })).toEqual({
      ok: false,
      problem: 'rooms update takes no --id',
    });
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

  it('knows each option that a path needs', () => {
    const needed = Object.values(RESOURCES).flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}/g)].map(([, id]) => id));
    expect(needed.filter((id) => !commandOptions().includes(id ?? ''))).toEqual([]);
  });

  it('names every resource in its help', () => {
    for (const name of Object.keys(RESOURCES)) expect(helpText()).toContain(name);
  });
});
