import type { AppMiddleware } from './app-environment.ts';
import { parseAuthorization } from './authenticate.ts';
import { refuse } from './refusals.ts';

/** Lets the operator through: Bearer ADMIN_TOKEN. In a deployment without that secret every path is 404. */
export const requireOperator: AppMiddleware = async (c, next) => {
  const expected = c.env.ADMIN_TOKEN ?? '';
  if (expected === '') return refuse(c, { reason: 'not_found' });
  const credentials = parseAuthorization(c.req.header('Authorization'));
  if (credentials === null || credentials.scheme !== 'bearer') return refuse(c, { reason: 'not_authenticated' });
  if (!(await isSameSecret(credentials.token, expected))) return refuse(c, { reason: 'token_invalid' });
  await next();
};

/** Compares digests byte for byte to the end, so that the time taken says nothing about the secret or its length. */
export async function isSameSecret(given: string, expected: string): Promise<boolean> {
  const [left, right] = await Promise.all([given, expected].map(sha256));
  let difference = 0;
  for (let place = 0; place < 32; place++) difference |= (left?.[place] ?? 0) ^ (right?.[place] ?? 0);
  return difference === 0;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
