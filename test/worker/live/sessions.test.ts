import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { askAsPage, OWN_PAGE, signIn } from '../../support/worker/browser.ts';
import { passTime } from '../../support/worker/clock.ts';
import { LiveClient, shakeHands, userPath } from '../../support/worker/live-client.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { admin, enroll, type Person } from '../../support/worker/requests.ts';

const PROTOCOL = { 'Sec-WebSocket-Protocol': 'umi.v1' };

let person: Person;
let cookie: { Cookie: string };

beforeAll(async () => {
  person = await enroll();
  cookie = await signIn(person);
});

afterEach(() => {
  vi.useRealTimers();
});

async function outcome(headers: object, path = userPath(person)) {
  const answer = await shakeHands(path, headers as Record<string, string>);
  answer.webSocket?.accept();
  answer.webSocket?.close(1000, 'done');
  return [answer.status, answer.headers.get('Sec-WebSocket-Protocol')];
}

describe('the cookie of a session', () => {
  it('opens a socket for a page of the hub, with the protocol alone', async () => {
    expect(await outcome({ ...cookie, ...PROTOCOL, ...OWN_PAGE })).toEqual([101, 'umi.v1']);
    // Browsers that say no more than the origin.
    expect(await outcome({ ...cookie, ...PROTOCOL, Origin: 'https://hub.example' })).toEqual([101, 'umi.v1']);
  });

  it.each([
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['another host of the site', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin of an old browser', { Origin: 'https://evil.example' }],
    ['a client that says nothing', {}],
    ['a typed address', { 'Sec-Fetch-Site': 'none' }],
  ])('opens none for %s', async (_, headers) => {
    expect(await outcome({ ...cookie, ...PROTOCOL, ...headers })).toEqual([403, null]);
  });

  it('opens none for another user, and none once it has ended', async () => {
    const other = await enroll({ organization_id: person.organization_id });
    expect(await outcome({ ...cookie, ...PROTOCOL, ...OWN_PAGE }, userPath(other))).toEqual([403, null]);
    const ended = await signIn(person);
    await askAsPage(ended, 'DELETE', '/session');
    expect(await outcome({ ...ended, ...PROTOCOL, ...OWN_PAGE })).toEqual([401, null]);
  });

  it('makes tickets like a token', async () => {
    const made = await askAsPage(cookie, 'POST', `${userPath(person)}/tickets`);
    expect(made.status).toBe(201);
    const offer = `umi.v1, ticket.${made.json['ticket']}`;
    expect(await outcome({ 'Sec-WebSocket-Protocol': offer })).toEqual([101, 'umi.v1']);
  });

  it.each(['signing out', 'its end from another browser', 'the end of the token that began it'])(
    'ends its socket with %s',
    async (how) => {
      const owner = await enroll();
      const own = await signIn(owner);
      const client = await LiveClient.by(userPath(owner), { ...own, ...OWN_PAGE });
      const channel = `/api/v5/orgs/${owner.organization_id}/owned_chats/*/messages`;
      await client.subscribe([channel]);
      const say = () => PublishingThread.ofOrganization(owner.organization_id).say('hello');
      await say();
      await client.next('notifications');
      const path = `/organizations/${owner.organization_id}/users/${owner.user_id}/tokens/${owner.token_id}`;
      if (how === 'signing out') await askAsPage(own, 'DELETE', '/session');
      else if (how === 'its end from another browser') {
        const { json } = await askAsPage(own, 'GET', '/session');
        await askAsPage(await signIn(owner), 'DELETE', `/sessions/${json['token_id']}`);
      } else await admin(path, { method: 'DELETE' });
      passTime(31_000);
      await say();
      expect(await client.closed).toEqual({ code: 4401, reason: 'token expired or revoked' });
    },
  );
});
