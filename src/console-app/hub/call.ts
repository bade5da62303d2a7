import { reasonOf } from '../replica/hub-reads.ts';

/** What the hub has answered. `status` is 0 when no answer came. `detail` is for a person to read. */
export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly detail: string };

export type Call = { readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly body?: object };

/** Calls the hub with the session's cookie. Refusals and a network that is down are answers; it never throws. */
export async function call<T>(path: string, { method = 'GET', body }: Call = {}): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json; charset=utf-8' } }),
    });
    const text = await response.text();
    const answered: unknown = text === '' ? null : JSON.parse(text);
    if (response.ok) return { ok: true, status: response.status, body: answered as T };
    return { ok: false, status: response.status, detail: reasonOf(answered) || 'The hub has refused this.' };
  } catch {
    return { ok: false, status: 0, detail: 'The hub cannot be reached.' };
  }
}
