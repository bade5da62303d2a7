import { z } from '@hono/zod-openapi';
import { describe, expect, it } from 'vitest';
import type { AppContext } from '../../../src/http/app-environment.ts';
import { readPage } from '../../../src/http/collection.ts';
import { pageOfAll } from '../../../src/http/page-of-all.ts';

type Tag = { at: number; name: string };
const TAGS: Tag[] = [
  { at: 1, name: 'b' },
  { at: 1, name: 'c' },
  { at: 2, name: 'a' },
  { at: 10, name: 'a' },
];

/** A page of the tags, at a URL that the collection returned. */
function pageAt(url: string, rows: Tag[] = TAGS) {
  const query = Object.fromEntries(new URL(url).searchParams);
  const read = readPage({ cursor: query['cursor'], page_size: 2 }, 'created_at', z.tuple([z.int(), z.string()]));
  if (!read.ok) throw new Error('the cursor is refused');
  const context = { req: { url }, env: { PUBLIC_ORIGIN: '' } } as unknown as AppContext;
  return pageOfAll(
    context,
    read.page,
    rows,
    (tag) => [tag.at, tag.name],
    (tag) => `${tag.at}${tag.name}`,
  );
}

describe('a page of a list that is in memory', () => {
  it('leads forwards and backwards by the whole key', () => {
    const first = pageAt('https://hub.example/tags');
    expect([first.results, first.previous]).toEqual([['1b', '1c'], null]);
    const second = pageAt(String(first.next));
    expect([second.results, second.next]).toEqual([['2a', '10a'], null]);
    expect(pageAt(String(second.previous)).results).toEqual(['1b', '1c']);
  });

  it('continues after a row that was removed', () => {
    const { next } = pageAt('https://hub.example/tags');
    const withoutLast = TAGS.filter(({ name }) => name !== 'c');
    expect(pageAt(String(next), withoutLast).results).toEqual(['2a', '10a']);
  });

  it('is empty for an empty list', () => {
    expect(pageAt('https://hub.example/tags', [])).toEqual({ next: null, previous: null, results: [] });
  });
});
