import { reasonOf } from '../replica/hub-reads.ts';

/** What the hub has answered. `status` is 0 when no answer came. `detail` is for a person to read. */
export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly detail: string; readonly fields: FieldProblems };

/** What is wrong with the fields of a request, by name, in words. Empty unless the hub has refused a field. */
export type FieldProblems = Readonly<Record<string, string>>;

export type Refused = Extract<Answer<unknown>, { ok: false }>;

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: object;
  /** A repeat with the same key does nothing again, and is answered as the first time. */
  readonly idempotencyKey?: string;
};

const listeners = new Set<() => void>();

/** Calls back when the hub answers that nobody is signed in. Answers how to stop. */
export function watchSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A request without an answer for so long (ms) counts as lost. */
const LONGEST_REQUEST = 30_000;

/** The requests that have no answer yet. */
const open = new Set<Promise<unknown>>();

/** Resolves when all that the page has asked is answered or lost, and what followed from that. */
export async function everythingAnswered(): Promise<void> {
  do {
    await Promise.allSettled(open);
    await new Promise((resolve) => setTimeout(resolve));
  } while (open.size > 0);
}

/** Asks the hub with the session's cookie. Rejects when there was no answer. `body`: the parsed JSON; null when there is none. */
export function ask(
  path: string,
  { method = 'GET', body, idempotencyKey }: Call,
): Promise<{ response: Response; body: unknown }> {
  const asked = (async () => {
    const response = await fetch(path, {
      method,
      signal: AbortSignal.timeout(LONGEST_REQUEST),
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { response, body: text === '' ? null : JSON.parse(text) };
  })();
  const answered = asked.finally(() => open.delete(answered));
  open.add(answered);
  return answered;
}

/** Calls the hub. Refusals and a network that is down are answers; it never throws. */
export async function call<T>(path: string, what: Call = {}): Promise<Answer<T>> {
  try {
    const { response, body: answered } = await ask(path, what);
    if (response.ok) return { ok: true, status: response.status, body: answered as T };
    const { status } = response;
    if (status === 401) for (const listener of listeners) listener();
    return { ok: false, status, detail: reasonOf(answered) || 'The hub has refused this.', fields: fieldsOf(answered) };
  } catch {
    return { ok: false, status: 0, detail: 'The hub cannot be reached.', fields: {} };
  }
}

/** The messages of each field (docs/api.md, "Errors"). */
function fieldsOf(body: unknown): FieldProblems {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {};
  const { detail, non_field_errors, ...fields } = body as Record<string, unknown>;
  return Object.fromEntries(Object.entries(fields).flatMap(([name, messages]) => namedReasons(name, messages)));
}

/** A nested field is named twice: with its object and alone, as `responder` and `responder.url`. */
function namedReasons(name: string, messages: unknown): [string, string][] {
  const own: [string, string] = [name, reasonOf(messages)];
  if (typeof messages !== 'object' || messages === null || Array.isArray(messages)) return [own];
  return [own, ...Object.entries(messages).flatMap(([inner, each]) => namedReasons(`${name}.${inner}`, each))];
}
