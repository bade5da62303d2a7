import { beforeAll, describe, expect, it } from 'vitest';
import { AT, type CopiedChat, copiedChat, writeChats } from '../../support/worker/copied-chats.ts';
import { call, enroll, type Person } from '../../support/worker/requests.ts';

const CHATS = 1_500;

/**
 * Only the oldest chats have no messages, and only in the newest chats the user does not participate. So the first
 * pages of the lists find nothing.
 */
let person: Person;
let chats: CopiedChat[];

beforeAll(async () => {
  person = await enroll();
  chats = Array.from({ length: CHATS }, (_, number) =>
    copiedChat(AT + number * 1000, {
      organization_id: person.organization_id,
      user_messages: number < 70 ? 0 : 1,
      members: [{ id: person.user_id, organization_id: person.organization_id, is_participating: number < CHATS - 70 }],
    }),
  );
  await writeChats(chats);
});

type Page = { next: string | null; previous: string | null; results: { id?: string; chat_id?: string }[] };

async function read(url: string): Promise<Page> {
  const answer = await call(url, { authorization: `Bearer ${person.token}` });
  expect(answer.status).toBe(200);
  return answer.json as Page;
}

/** The ids of all pages, and the number of results of each. */
async function readAll(url: string, way: 'next' | 'previous') {
  const pages: Page[] = [];
  for (let next: string | null = url; next !== null; ) {
    const page: Page = await read(next);
    pages.push(page);
    next = page[way];
  }
  const ordered = way === 'next' ? pages : pages.toReversed();
  const ids = ordered.flatMap(({ results }) => results.map(({ id, chat_id }) => id ?? chat_id));
  return { ids, sizes: pages.map(({ results }) => results.length), last: pages.at(-1) };
}

describe.each([
  ['chats of the organization', () => `/api/v5/orgs/${person.organization_id}/owned_chats?has_messages=false`, -1],
  ['chats of the user', () => `/api/v5/users/${person.user_id}/chats?has_messages=false`, -1],
  ['memberships', () => `/api/v5/users/${person.user_id}/chat_memberships?is_participating=false`, 1],
] as const)('a list over HTTP whose filter matches rarely: %s', (_, url, order) => {
  const expected = () => {
    const ids = (order === 1 ? chats.slice(-70) : chats.slice(0, 70)).map(({ id }) => id);
    return order === 1 ? ids : ids.toReversed();
  };

  it('continues over short and empty pages to the end, and back to the start', async () => {
    const forth = await readAll(url(), 'next');
    expect(forth.ids).toEqual(expected());
    expect(forth.sizes[0]).toBe(0);
    const back = await readAll(forth.last?.previous ?? '', 'previous');
    const rest = forth.last?.results.map(({ id, chat_id }) => id ?? chat_id) ?? [];
    expect([...back.ids, ...rest]).toEqual(expected());
  });
});
