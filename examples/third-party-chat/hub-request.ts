/**
 * One deadline for connection, headers and body. The hub waits 10 s for the answer to a webhook, which may need several
 * calls.
 */
const DEADLINE_MILLISECONDS = 3_000;
/** A file may be large. */
const UPLOAD_DEADLINE_MILLISECONDS = 30_000;

/** A file of a visitor. */
export type Upload = { name: string; bytes: Buffer };

export type HubRequest = {
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  /** Sent as `Authorization: Bearer …`; null sends none. */
  token: string | null;
  body?: unknown;
};

/** The hub answered with a status other than 2xx. `body` is its JSON, or its text if it is not JSON. */
export class HubRefused extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(request: HubRequest, status: number, body: unknown) {
    super(`${request.method} ${request.url} answered ${status}: ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * Calls the hub and reads its JSON. Throws `HubRefused`, or what `fetch` throws when the hub cannot be reached in time.
 */
export async function requestHub<Body>(request: HubRequest): Promise<Body> {
  const response = await fetch(request.url, {
    method: request.method,
    headers: {
      ...(request.token === null ? {} : { Authorization: `Bearer ${request.token}` }),
      ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(DEADLINE_MILLISECONDS),
  });
  const text = await response.text();
  if (!response.ok) throw new HubRefused(request, response.status, jsonOrText(text));
  return JSON.parse(text) as Body;
}

/** Uploads a file, whose type the hub finds by itself. Throws as `requestHub`. */
export async function uploadToHub<Body>(url: string, token: string, { name, bytes }: Upload): Promise<Body> {
  const request = { method: 'POST' as const, url: `${url}?name=${encodeURIComponent(name)}`, token };
  const response = await fetch(request.url, {
    method: request.method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' },
    body: bytes,
    signal: AbortSignal.timeout(UPLOAD_DEADLINE_MILLISECONDS),
  });
  const text = await response.text();
  if (!response.ok) throw new HubRefused(request, response.status, jsonOrText(text));
  return JSON.parse(text) as Body;
}

type Page<Resource> = { next: string | null; results: Resource[] };

/** Reads a whole collection, page after page. Throws as `requestHub`. */
export async function readCollection<Resource>(url: string, token: string): Promise<Resource[]> {
  const all: Resource[] = [];
  let next: string | null = url;
  while (next !== null) {
    const page: Page<Resource> = await requestHub<Page<Resource>>({ method: 'GET', url: next, token });
    all.push(...page.results);
    next = page.next;
  }
  return all;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
