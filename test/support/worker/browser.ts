import { expect } from 'vitest';
import { type Answer, type Call, call, type Person } from './requests.ts';

/** The headers of a request that a page of the hub makes. */
export const OWN_PAGE = { 'Sec-Fetch-Site': 'same-origin' };

/** The header with the cookie that an answer sets. */
export function cookieIn({ headers }: Answer): { Cookie: string } {
  const [cookie = ''] = (headers.get('Set-Cookie') ?? '').split(';');
  return { Cookie: cookie };
}

/** Signs a browser in. Answers the header with its cookie. */
export async function signIn({ token }: Pick<Person, 'token'>): Promise<{ Cookie: string }> {
  const answer = await call('/api/v5/session', { method: 'POST', headers: OWN_PAGE, body: { token } });
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return cookieIn(answer);
}

/** A request of a page of the hub, below /api/v5. */
export function askAsPage(
  cookie: { Cookie: string },
  method: string,
  path: string,
  { headers, ...request }: Call = {},
): Promise<Answer> {
  return call(`/api/v5${path}`, { method, headers: { ...OWN_PAGE, ...cookie, ...headers }, ...request });
}
