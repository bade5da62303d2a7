import { type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { call, type Refused } from '../hub/call.ts';
import { pathOf } from '../replica/hub-reads.ts';

/** A collection of the hub, read page by page. */
export type Collection<Item> = {
  readonly items: readonly Item[];
  readonly isLoading: boolean;
  /** Why it could not be read, in words; null when it was. What was read before stays. */
  readonly problem: string | null;
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly again: () => void;
};

/** One resource of the hub. */
export type RecordRead<Resource> = {
  readonly resource: Resource | null;
  readonly isLoading: boolean;
  readonly problem: string | null;
  readonly isMissing: boolean;
  readonly again: () => void;
};

const PAGE = 50;
const LARGEST_PAGE = 200;

/** A refusal of the hub, as the library for queries wants it. */
class RefusedError extends Error {
  readonly status: number;

  constructor({ status, detail }: Refused) {
    super(detail);
    this.status = status;
  }
}

async function read<Resource>(path: string): Promise<Resource> {
  const answer = await call<Resource>(path);
  if (!answer.ok) throw new RefusedError(answer);
  return answer.body;
}

type Page<Item> = { results: Item[]; next: string | null };

/** Another attempt gives something else only when no answer came, or the hub was busy. */
function isWorthRepeating(attempts: number, error: Error): boolean {
  const status = error instanceof RefusedError ? error.status : 0;
  return attempts < 2 && (status === 0 || status === 429 || status >= 500);
}

const keyOf = (path: string) => ['hub', path];

export type ReadOptions = {
  /** How long (ms) until it is read again, while the page is visible. Not at all by default. */
  readonly every?: number;
};

/** Reads a collection from its first page on. `path` with its query, from `/api/` on; null reads nothing. */
export function useCollection<Item>(path: string | null, { every }: ReadOptions = {}): Collection<Item> {
  const query = useInfiniteQuery({
    queryKey: keyOf(path ?? ''),
    queryFn: ({ pageParam }) => read<Page<Item>>(pageParam),
    initialPageParam: withPageSize(path ?? '', PAGE),
    getNextPageParam: ({ next }) => (next === null ? undefined : pathOf(next)),
    enabled: path !== null,
    retry: isWorthRepeating,
    ...(every === undefined ? {} : { refetchInterval: every }),
  });
  const { data, error, isPending, hasNextPage, fetchNextPage, refetch } = query;
  const items = useMemo(() => (data?.pages ?? []).flatMap(({ results }) => results), [data]);
  return {
    items,
    isLoading: path !== null && isPending && error === null,
    problem: error === null ? null : error.message,
    hasMore: hasNextPage,
    more: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    again: useCallback(() => void refetch(), [refetch]),
  };
}

/** Most items of a collection that is read as a whole, for example to choose one of them. */
const MOST_CHOICES = 1_000;

type Choices<Item> = { readonly items: readonly Item[]; readonly isCut: boolean };

/** Reads a collection that is small, as a whole: its first 1,000 items. */
export function useChoices<Item>(path: string | null): readonly Item[] {
  return useQuery({ ...choicesOf<Item>(path ?? ''), enabled: path !== null }).data?.items ?? NOTHING;
}

/** Whether a collection has more than what `useChoices` reads of it. Only that of users may. */
export function useIsCut(path: string | null): boolean {
  return useQuery({ ...choicesOf(path ?? ''), enabled: path !== null }).data?.isCut ?? false;
}

/** What a field says whose choices are cut. */
export const CUT_WORDS = `Only the first ${MOST_CHOICES.toLocaleString('en')} users are listed here.`;

/** Answers a function that reads the same once more only when it was read long ago. It throws when the hub refuses. */
export function useReadChoices<Item>(): (path: string) => Promise<readonly Item[]> {
  const queries = useQueryClient();
  return useCallback(async (path) => (await queries.fetchQuery(choicesOf<Item>(path))).items, [queries]);
}

function choicesOf<Item>(path: string) {
  return { queryKey: ['hub', path, 'choices'], queryFn: () => readChoices<Item>(path), retry: isWorthRepeating };
}

/** Reads the first items of a collection, at least 1,000 if there are as many. Throws when the hub refuses. */
export async function readAll<Item>(path: string): Promise<readonly Item[]> {
  return (await readChoices<Item>(path)).items;
}

async function readChoices<Item>(path: string): Promise<Choices<Item>> {
  const items: Item[] = [];
  let next: string | null = withPageSize(path, LARGEST_PAGE);
  while (next !== null && items.length < MOST_CHOICES) {
    const page: Page<Item> = await read(next);
    items.push(...page.results);
    next = page.next === null ? null : pathOf(page.next);
  }
  return { items, isCut: next !== null };
}

const NOTHING: readonly never[] = [];

/** Reads one resource. Null reads nothing. */
export function useRecord<Resource>(path: string | null, { every }: ReadOptions = {}): RecordRead<Resource> {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keyOf(path ?? ''),
    queryFn: () => read<Resource>(path ?? ''),
    enabled: path !== null,
    retry: isWorthRepeating,
    ...(every === undefined ? {} : { refetchInterval: every }),
  });
  return {
    resource: data ?? null,
    isLoading: path !== null && isPending && error === null,
    problem: error === null ? null : error.message,
    isMissing: error instanceof RefusedError && error.status === 404,
    again: useCallback(() => void refetch(), [refetch]),
  };
}

/** Answers a function that reads everything again whose path begins with the given one: something there was changed. */
export function useReadAgain(): (path: string) => Promise<void> {
  const queries = useQueryClient();
  return useCallback((path) => readAgain(queries, path), [queries]);
}

function readAgain(queries: QueryClient, path: string): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey: [kind, of] }) => kind === 'hub' && typeof of === 'string' && of.startsWith(path),
  });
}

function withPageSize(path: string, size: number): string {
  return path.includes('page_size=') ? path : `${path}${path.includes('?') ? '&' : '?'}page_size=${size}`;
}
