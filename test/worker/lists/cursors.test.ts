import { beforeAll, describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../src/http/cursor.ts';
import { AT, type CopiedChat, copiedChat, writeChats, writeInvitation } from '../../support/worker/copied-chats.ts';
import { call, enroll, type Person } from '../../support/worker/requests.ts';

let person: Person;
let chats: CopiedChat[];

beforeAll(async () => {
  person = await enroll();
  const { organization_id, user_id } = person;
  const member = { id: user_id, organization_id, is_participating: true };
  chats = Array.from({ length: 5 }, (_, number) =>
    copiedChat(AT + number * 1000, { organization_id, room_id: 'room', members: [member] }),
  );
  const foreign = copiedChat(AT, { organization_id: 'other', room_id: 'other' });
  await writeChats([...chats, foreign]);
  for (const { id, at } of [...chats, foreign]) {
    await writeInvitation(id, id === foreign.id ? 'other' : user_id, { created_at: at });
  }
});

type Page = { next: string | null; previous: string | null; results: { id?: string; chat_id?: string }[] };

const LISTS: [name: string, ordering: string, url: () => string][] = [
  ['owned chats', '-created_at', () => `orgs/${person.organization_id}/owned_chats`],
  ['routed chats', '-created_at', () => `orgs/${person.organization_id}/routed_chats`],
  ['chats of a user', '-created_at', () => `users/${person.user_id}/chats`],
  ['open chats of a user', '-created_at', () => `users/${person.user_id}/chats?is_ended=false&has_messages=false`],
  ['chats by update', '-updated_at', () => `users/${person.user_id}/chats?ordering=-updated_at`],
  ['memberships', 'chat_id', () => `users/${person.user_id}/chat_memberships`],
  ['invitations', 'created_at', () => `users/${person.user_id}/incoming_chat_invitations?is_expired=false`],
];

function read(url: string, cursor: string) {
  const separator = url.includes('?') ? '&' : '?';
  const path = `/api/v5/${url}${separator}cursor=${encodeURIComponent(cursor)}`;
  return call(path, { authorization: `Bearer ${person.token}` });
}

const TEXTS = [
  '',
  '\0',
  '\ud800',
  'a\0b',
  "' OR 1=1 --",
  '~',
  'g',
  'zzzz',
  '\u{1F600}',
  'x'.repeat(8000),
  '2026',
  '-1',
];
const NUMBERS = [0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 53), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

describe.each(LISTS)('a cursor of %s', (_, ordering, url) => {
  const sizeOf = ordering.endsWith('updated_at') ? 2 : 1;

  it('with values that no row has is answered with a page or a 400', async () => {
    const keys: (readonly (string | number)[])[] =
      sizeOf === 2
        ? TEXTS.flatMap((text) => NUMBERS.map((number) => [number, text]))
        : [...TEXTS.map((text) => [text]), ...NUMBERS.map((number) => [number])];
    for (const direction of ['next', 'previous'] as const) {
      for (const key of [...keys, [], ['a', 'b', 'c']]) {
        const { status, json } = await read(url(), encodeCursor({ ordering, direction, key }));
        const page = json as Page;
        expect([key, direction, status]).toEqual([key, direction, status === 400 ? 400 : 200]);
        if (status === 400) expect(json).toEqual({ cursor: ['Invalid cursor.'] });
        else expect(page.results.length).toBeLessThanOrEqual(chats.length);
      }
    }
  });

  it('of another order is refused, and so is an invalid one', async () => {
    const key = sizeOf === 2 ? [AT, chats[2]?.id ?? ''] : [chats[2]?.id ?? ''];
    const good = encodeCursor({ ordering, direction: 'next', key });
    expect((await read(url(), good)).status).toBe(200);
    const other = encodeCursor({ ordering: 'another', direction: 'next', key });
    const forged = (value: unknown) => btoa(JSON.stringify(value));
    const deep = `${'['.repeat(3000)}${']'.repeat(3000)}`;
    for (const cursor of [
      other,
      good.slice(0, -3),
      forged({ o: ordering, d: 'sideways', k: key }),
      forged({ o: ordering, d: 'next', k: null }),
      forged({ o: ordering, d: 'next', k: { length: sizeOf } }),
      forged({ o: ordering, d: 'next', k: key, more: 1 }),
      btoa(deep),
    ]) {
      const { status, json } = await read(url(), cursor);
      expect([cursor, status, json]).toEqual([cursor, 400, { cursor: ['Invalid cursor.'] }]);
    }
  });
});

describe('a page size', () => {
  const url = () => `/api/v5/orgs/${person.organization_id}/owned_chats`;

  it.each([
    ['1', 1],
    ['002', 2],
    // As without it.
    ['', 5],
    ['200', 5],
    ['201', 5],
    ['9'.repeat(400), 5],
  ])('of "%s" is accepted', async (size, results) => {
    const { status, json } = await call(`${url()}?page_size=${size}`, { authorization: `Bearer ${person.token}` });
    expect([status, (json as Page).results.length]).toEqual([200, results]);
  });

  it.each(['0', '00', '-1', '1.5', '1e2', ' 1', 'x', '１', '1&page_size=2'])('of "%s" is refused', async (size) => {
    const { status } = await call(`${url()}?page_size=${size}`, { authorization: `Bearer ${person.token}` });
    expect(status).toBe(400);
  });
});

describe('a page', () => {
  const list = () => `https://hub.example/api/v5/users/${person.user_id}/chats?page_size=2&ordering=created_at`;
  const open = async (address: string | null): Promise<Page> => {
    const answer = await call(address ?? '', { authorization: `Bearer ${person.token}` });
    expect(answer.status).toBe(200);
    return answer.json as Page;
  };
  const ids = (page: Page) => page.results.map(({ id }) => id);

  it('stays at its position when chats begin before and after it', async () => {
    const first = await open(list());
    expect(ids(first)).toEqual(chats.slice(0, 2).map(({ id }) => id));
    const { organization_id, user_id } = person;
    const members = [{ id: user_id, organization_id, is_participating: true }];
    const early = copiedChat(AT - 1000, { organization_id, members });
    const late = copiedChat(AT + 60_000, { organization_id, members });
    await writeChats([early, late]);
    const second = await open(first.next);
    expect(ids(second)).toEqual(chats.slice(2, 4).map(({ id }) => id));
    const third = await open(second.next);
    expect(ids(third)).toEqual([chats[4]?.id, late.id]);
    expect(third.next).toBeNull();
    expect(ids(await open(second.previous))).toEqual(chats.slice(0, 2).map(({ id }) => id));
    const before = await open((await open(second.previous)).previous);
    expect(ids(before)).toEqual([early.id]);
    expect(before.previous).toBeNull();
    expect(ids(await open(before.next))).toEqual(chats.slice(0, 2).map(({ id }) => id));
  });
});
