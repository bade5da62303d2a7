import { isSameSecret } from '../platform/secrets.ts';
import type { AppMiddleware } from './app-environment.ts';
import { parseAuthorization } from './authenticate.ts';
import { limitFailures, TOO_MANY_FAILURES } from './rate-limits.ts';
import { refuse } from './refusals.ts';

const failures = limitFailures('RATE_OPERATOR_FAILURES');

/**
 * The request must have `Authorization: Bearer <ADMIN_TOKEN>`, else 401, or 429 for a client that tries too many
 * tokens. In a deployment without that secret every path is 404.
 */
export const requireOperator: AppMiddleware = async (c, next) => {
  const expected = c.env.ADMIN_TOKEN ?? '';
  if (expected === '') return refuse(c, { reason: 'not_found' });
  const credentials = parseAuthorization(c.req.header('Authorization'));
  if (credentials === null || credentials.scheme !== 'bearer') return refuse(c, { reason: 'not_authenticated' });
  if (failures.isExceeded(c)) return refuse(c, TOO_MANY_FAILURES);
  if (!isSameSecret(credentials.token, expected)) {
    await failures.count(c);
    return refuse(c, { reason: 'token_invalid' });
  }
  await next();
};
