import { vi } from 'vitest';

export type Got = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  redirect: string | undefined;
};

/** Stands in for everybody whom the hub calls: records what was sent and answers with what `answer` makes. */
export function receive(answer: (got: Got) => Response | Promise<Response> = () => new Response('ok')): Got[] {
  const all: Got[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const got = {
      url: String(input),
      method: init?.method ?? 'GET',
      headers,
      body: String(init?.body ?? ''),
      redirect: init?.redirect,
    };
    all.push(got);
    return await answer(got);
  });
  return all;
}
