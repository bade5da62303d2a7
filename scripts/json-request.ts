export type JsonAnswer = { status: number; body: unknown; headers: Headers };

export type JsonRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  /** Sent as `Authorization: Bearer …`; null sends none. */
  token: string | null;
  body?: unknown;
};

/** Sends a request and reads its JSON answer, whatever the status. `body` is null when the answer is empty. */
export async function requestJson(request: JsonRequest): Promise<JsonAnswer> {
  const response = await fetch(request.url, {
    method: request.method,
    headers: {
      ...(request.token === null ? {} : { Authorization: `Bearer ${request.token}` }),
      ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : parse(text, request.url), headers: response.headers };
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the answer of ${url} is not JSON: ${text.slice(0, 200)}`);
  }
}
