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
    return { ok: false, status: response.status, detail: wordsOf(answered) };
  } catch {
    return { ok: false, status: 0, detail: 'The hub cannot be reached.' };
  }
}

/** Refusals are `{"detail": …}` or, for an invalid body, messages by field (docs/api.md, "Errors"). */
function wordsOf(refusal: unknown): string {
  if (typeof refusal === 'string') return refusal;
  if (Array.isArray(refusal)) return refusal.map(wordsOf).join(' ');
  if (typeof refusal !== 'object' || refusal === null) return 'The hub has refused this.';
  return Object.values(refusal).map(wordsOf).join(' ');
}
