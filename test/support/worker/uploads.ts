import { expect } from 'vitest';
import type { Json } from './organization.ts';
import { type Answer, call, type Person } from './requests.ts';
import type { Visitor } from './visitor-site.ts';

/** The beginning of a PNG, with further bytes. */
export const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3, 4]);

export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(text));

type Upload = { name?: string; headers?: Record<string, string>; env?: Partial<Env> };

/** Uploads bytes alone. The request says how many, as those of clients do, unless `headers` do. */
export function uploadAs(
  who: Person | Visitor,
  bytes: BodyInit,
  { name, headers = {}, env = {} }: Upload = {},
): Promise<Answer> {
  const size = typeof bytes === 'string' ? bytesOf(bytes).length : bytes instanceof Uint8Array ? bytes.length : null;
  const length: Record<string, string> = size === null ? {} : { 'Content-Length': String(size) };
  const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
  return call(`${uploadPath(who)}${query}`, {
    method: 'POST',
    authorization: `Bearer ${who.token}`,
    raw: bytes,
    headers: { ...length, ...headers },
    env,
  });
}

export function uploadPath(who: Person | Visitor): string {
  return 'user_id' in who ? `/api/v5/users/${who.user_id}/files` : `/api/v5/public/visitors/${who.id}/files`;
}

/** Uploads a file that must be accepted. Answers what the hub says of it. */
export async function stored(who: Person | Visitor, bytes: BodyInit, name = 'invoice.pdf'): Promise<Json> {
  const answer = await uploadAs(who, bytes, { name });
  expect([answer.status, answer.json]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
  return answer.json;
}
