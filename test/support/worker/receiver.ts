import { vi } from 'vitest';

export type Got = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  redirect: string | undefined;
};

/** Replaces every server that the hub calls. Records the requests and answers with the result of `answer`. */
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
