import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compilePattern,
  problemOfPattern,
  subscribedTopic,
  type Topic,
  takesIds,
  topicPath,
} from '../../../src/resources/topic.ts';

const OWN = '0190a000-0000-7000-8000-00000000000a';
const FOREIGN = '0190a000-0000-7000-8000-00000000000b';
const BOT = '0190a000-0000-7000-8000-00000000000c';
const CHAT = '0190a000-0000-7000-8000-00000000000d';
const MESSAGE = '0190a000-0000-7000-8000-00000000000e';
const VISITOR = '3b90ef7c93484af4965a79ace7bc9a62';

const owner = { organization_id: OWN, has_app_user: true, has_reports: true };
const ids = { organization_id: OWN, user_id: BOT };

const matches = (pattern: string, channel: string, installation: Parameters<typeof compilePattern>[1] = ids) => {
  const compiled = compilePattern(pattern, installation);
  return compiled !== null && means(compiled, channel);
};

/** Whether a pattern matches a concrete path: the path is a topic, its ids match, and they give the same path again. */
function means(pattern: Topic, path: string): boolean {
  const owner = path.split('/')[4] ?? '';
  const read = subscribedTopic(path, { organization_id: owner, user_id: owner });
  if ('problem' in read || read.topic.chats !== pattern.chats || read.topic.part !== pattern.part) return false;
  return takesIds(pattern, read.topic) && topicPath(pattern, read.topic) === path;
}

const ORGANIZATION = '/api/v5/orgs/{organization_id}';
const USER = '/api/v5/users/{user_id}';
const PARTS = ['messages', 'memberships', 'tags', 'reply_suggestions', 'messages/*/reply_suggestions', 'purges'];
const chats = (base: string) => [base, ...PARTS.map((part) => `${base}/*/${part}`)];

/** The collections with topics, listed a second time. */
const KNOWN = [
  ...['owned_chats', 'routed_chats', 'involved_chats'].flatMap((name) => chats(`${ORGANIZATION}/${name}`)),
  ...['rooms/*/chats', 'rooms/*/pending_chats', 'rooms/*/visitors/*/chats'].flatMap((name) =>
    chats(`${ORGANIZATION}/${name}`),
  ),
  ...['chats', 'routed_chats', 'pending_chats'].flatMap((name) => chats(`${USER}/${name}`)),
  `${USER}/chats/*/outgoing_chat_invitations`,
  `${USER}/chat_memberships`,
  `${USER}/incoming_chat_invitations`,
];

describe('a channel pattern', () => {
  it.each(KNOWN)('may be %s, and matches its channels', (pattern) => {
    expect(problemOfPattern(pattern, owner)).toBeNull();
    const ofOwn = pattern.replace('{organization_id}', OWN).replace('{user_id}', BOT);
    const channel = ofOwn.replace('visitors/*', `visitors/${VISITOR}`).replaceAll('*', CHAT);
    expect(matches(pattern, channel)).toBe(true);
    expect(matches(pattern, `${channel}/${CHAT}`)).toBe(false);
    expect(matches(pattern, channel.replace(OWN, FOREIGN).replace(BOT, FOREIGN))).toBe(false);
  });

  it('may name single chats, messages, rooms and visitors', () => {
    const one = `${ORGANIZATION}/owned_chats/${CHAT}/messages/${MESSAGE}/reply_suggestions`;
    expect(problemOfPattern(one, owner)).toBeNull();
    expect(matches(one, `/api/v5/orgs/${OWN}/owned_chats/${CHAT}/messages/${MESSAGE}/reply_suggestions`)).toBe(true);
    expect(matches(one, `/api/v5/orgs/${OWN}/owned_chats/${MESSAGE}/messages/${CHAT}/reply_suggestions`)).toBe(false);
    const visitor = `${ORGANIZATION}/rooms/*/visitors/${VISITOR}/chats`;
    expect(matches(visitor, `/api/v5/orgs/${OWN}/rooms/${CHAT}/visitors/${VISITOR}/chats`)).toBe(true);
    expect(matches(visitor, `/api/v5/orgs/${OWN}/rooms/${CHAT}/visitors/${VISITOR.replace('3', '4')}/chats`)).toBe(
      false,
    );
  });

  it.each([
    ['nothing', ''],
    ['another version', '/api/v6/orgs/{organization_id}/owned_chats'],
    ['no leading slash', 'api/v5/orgs/{organization_id}/owned_chats'],
    ['a host', 'https://hub.example/api/v5/orgs/{organization_id}/owned_chats'],
    ['the admin API', '/admin/v1/organizations'],
    ['only the root', '/api/v5/'],
    ['only the organization', ORGANIZATION],
    ['a trailing slash', `${ORGANIZATION}/owned_chats/`],
    ['a query', `${ORGANIZATION}/owned_chats?x=1`],
    ['a fragment', `${ORGANIZATION}/owned_chats#x`],
    ['a foreign organization', `/api/v5/orgs/${FOREIGN}/owned_chats`],
    ['any organization', '/api/v5/orgs/*/owned_chats'],
    ['the user as organization', '/api/v5/orgs/{user_id}/owned_chats'],
    ['a foreign organization in upper case', `/api/v5/orgs/${FOREIGN.toUpperCase()}/owned_chats`],
    ['a placeholder in upper case', '/api/v5/orgs/{ORGANIZATION_ID}/owned_chats'],
    ['a user by their id', `/api/v5/users/${BOT}/chats`],
    ['any user', '/api/v5/users/*/chats'],
    ['the organization as user', '/api/v5/users/{organization_id}/chats'],
    ['a public channel', `/api/v5/public/visitors/${VISITOR}/chats`],
    ['an unknown collection', `${ORGANIZATION}/tokens`],
    ['an unknown part', `${ORGANIZATION}/owned_chats/*/secrets`],
    ['an item instead of a collection', `${ORGANIZATION}/owned_chats/*`],
    ['the user collection of an organization', `${ORGANIZATION}/pending_chats`],
    ['a star for a name', `${ORGANIZATION}/*`],
    ['a star in a name', `${ORGANIZATION}/owned_*`],
    ['two stars', `${ORGANIZATION}/owned_chats/**/messages`],
    ['a star over two segments', `${ORGANIZATION}/*/messages`],
    ['a star with a tail', `${ORGANIZATION}/owned_chats/*x/messages`],
    ['an empty segment', `${ORGANIZATION}/owned_chats//messages`],
    ['an empty segment before the organization', '/api/v5//orgs/{organization_id}/owned_chats'],
    ['a step up', `${ORGANIZATION}/../${FOREIGN}/owned_chats`],
    ['a step up in a place for ids', `${ORGANIZATION}/owned_chats/../messages`],
    ['an encoded step up', `${ORGANIZATION}/owned_chats/%2e%2e/messages`],
    ['an encoded slash', `${ORGANIZATION}/owned_chats/*%2fmessages`],
    ['a placeholder elsewhere', `${ORGANIZATION}/owned_chats/{user_id}/messages`],
    ['an unknown placeholder', '/api/v5/orgs/{org}/owned_chats'],
    ['a placeholder with spaces', '/api/v5/orgs/{ organization_id }/owned_chats'],
    ['a placeholder within one', '/api/v5/orgs/{{organization_id}}/owned_chats'],
    ['an expression', `${ORGANIZATION}/owned_chats/.*/messages`],
    ['a costly expression', `${ORGANIZATION}/owned_chats/(a+)+$/messages`],
    ['a chat that is no id', `${ORGANIZATION}/owned_chats/latest/messages`],
    ['a visitor that is no id', `${ORGANIZATION}/rooms/*/visitors/${CHAT}/chats`],
    ['a line break', `${ORGANIZATION}/owned_chats\n`],
    ['a NUL', `${ORGANIZATION}/owned_chats\0`],
    ['white space before it', ` ${ORGANIZATION}/owned_chats`],
    ['another case', '/API/v5/orgs/{organization_id}/owned_chats'],
    ['letters that look alike', `${ORGANIZATION}/оwned_chats`],
    ['a property of objects', '/api/v5/constructor/{organization_id}/owned_chats'],
    ['a collection of which only sockets are told', `${USER}/drafts`],
    ['mentions', `${USER}/mentions`],
    ['notes', `${USER}/chats/*/notes`],
    ['a part of which only sockets are told', `${USER}/routed_chats/*/viewers`],
    ['an endless pattern', `${ORGANIZATION}/owned_chats${'/*'.repeat(100_000)}`],
  ])('is not %s, and matches nothing', (_, pattern) => {
    expect(problemOfPattern(pattern, owner)).toEqual(expect.any(String));
    expect(compilePattern(pattern, ids)).toBeNull();
  });

  it('may name the own organization by its id, which then is no other installation’s', () => {
    const pattern = `/api/v5/orgs/${OWN}/owned_chats`;
    expect(problemOfPattern(pattern, owner)).toBeNull();
    expect(matches(pattern, pattern)).toBe(true);
    expect(compilePattern(pattern, { organization_id: FOREIGN, user_id: null })).toBeNull();
  });

  it('may write its ids in upper case', () => {
    const upper = (path: string) => path.replaceAll(/[0-9a-f-]{32,36}/g, (id) => id.toUpperCase());
    for (const path of [
      `/api/v5/orgs/${OWN}/owned_chats/${CHAT}/messages/${MESSAGE}/reply_suggestions`,
      `/api/v5/orgs/${OWN}/rooms/${CHAT}/visitors/${VISITOR}/chats`,
    ]) {
      expect(upper(path)).not.toBe(path);
      expect(problemOfPattern(upper(path), owner)).toBeNull();
      expect(matches(upper(path), path)).toBe(true);
    }
    const user = { organization_id: OWN, user_id: BOT };
    for (const path of [`/api/v5/orgs/${OWN}/owned_chats`, `/api/v5/users/${BOT}/chats/${CHAT}/messages`]) {
      expect(subscribedTopic(upper(path), user)).toEqual(subscribedTopic(path, user));
    }
    const visitors = `/api/v5/public/visitors/${VISITOR}/chats/${CHAT}/messages`;
    const read = subscribedTopic(upper(visitors), { visitor_id: VISITOR });
    expect(read).toMatchObject({ topic: { owner_id: VISITOR, chat_id: CHAT } });
  });

  it('needs a bot user for {user_id}', () => {
    expect(problemOfPattern(`${USER}/chats`, { ...owner, has_app_user: false })).toMatch(/bot user/);
    const plain = { ...owner, has_reports: false };
    expect(problemOfPattern(`${ORGANIZATION}/rooms/*/chats/*/messages`, plain)).toMatch(/reports/);
    expect(problemOfPattern(`${ORGANIZATION}/rooms/*/pending_chats`, plain)).toMatch(/reports/);
    expect(problemOfPattern(`${ORGANIZATION}/owned_chats`, plain)).toBeNull();
    expect(compilePattern(`${USER}/chats`, { organization_id: OWN, user_id: null })).toBeNull();
  });

  it('takes an installation’s ids as text', () => {
    const hostile = { organization_id: '*', user_id: '*' };
    expect(matches(`${ORGANIZATION}/owned_chats`, `/api/v5/orgs/${OWN}/owned_chats`, hostile)).toBe(false);
    const slashes = { organization_id: `${OWN}/owned_chats/${CHAT}`, user_id: null };
    expect(matches(`${ORGANIZATION}/owned_chats`, `/api/v5/orgs/${OWN}/owned_chats/${CHAT}/owned_chats`, slashes)).toBe(
      false,
    );
  });

  it('matches no channel with an empty segment, a slash more or another case', () => {
    const pattern = `${ORGANIZATION}/owned_chats/*/messages`;
    const channel = `/api/v5/orgs/${OWN}/owned_chats/${CHAT}/messages`;
    expect(matches(pattern, channel)).toBe(true);
    for (const other of [
      channel.replace(CHAT, ''),
      `${channel}/`,
      `/${channel}`,
      channel.toUpperCase(),
      channel.replace(CHAT, `${CHAT}/${CHAT}`),
      channel.replace('/messages', ''),
      '',
    ]) {
      expect([other, matches(pattern, other)]).toEqual([other, false]);
    }
  });

  it('whatever its text, it never leaves the installation’s organization and user', () => {
    const segment = fc.constantFrom(
      'api',
      'v5',
      'orgs',
      'users',
      '{organization_id}',
      '{user_id}',
      '*',
      '',
      FOREIGN,
      CHAT,
      'owned_chats',
      'chats',
      'messages',
      '..',
    );
    const text = fc.oneof(
      fc.array(segment, { maxLength: 9 }).map((parts) => `/${parts.join('/')}`),
      fc.string(),
    );
    const channels = [
      `/api/v5/orgs/${FOREIGN}/owned_chats`,
      `/api/v5/orgs/${FOREIGN}/owned_chats/${CHAT}/messages`,
      `/api/v5/users/${FOREIGN}/chats`,
    ];
    fc.assert(
      fc.property(text, (pattern) => channels.every((channel) => !matches(pattern, channel))),
      { numRuns: 2000 },
    );
  });
});
