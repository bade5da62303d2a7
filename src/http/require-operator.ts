import { isSameSecret, SHORTEST_ADMIN_TOKEN } from '../platform/secrets.ts';
import type { AppMiddleware } from './app-environment.ts';
import { parseAuthorization } from './authenticate.ts';
import { limitFailures, TOO_MANY_FAILURES } from './rate-limits.ts';
import { refuse } from './refusals.ts';

const failures = limitFailures('RATE_OPERATOR_FAILURES');

/**
 * The request must have `Authorization: Bearer <ADMIN_TOKEN>`, or ADMIN_TOKEN_PREVIOUS while the token is changed, else
 * 401, or 429 for a client that tries too many tokens. In a deployment without ADMIN_TOKEN every path is 404. With a
 * token that can be guessed every path is 503, whatever the request has.
 */
export const requireOperator: AppMiddleware = async (c, next) => {
  const { ADMIN_TOKEN = '', ADMIN_TOKEN_PREVIOUS = '' } = c.env;
  if (ADMIN_TOKEN === '') return refuse(c, { reason: 'not_found' });
  const accepted = Object.entries({ ADMIN_TOKEN, ADMIN_TOKEN_PREVIOUS }).filter(([, token]) => token !== '');
  const short = accepted.find(([, token]) => token.length < SHORTEST_ADMIN_TOKEN);
  if (short !== undefined) return refuse(c, { reason: 'admin_token_short', name: short[0] });
  const credentials = parseAuthorization(c.req.header('Authorization'));
  if (credentials === null || credentials.scheme !== 'bearer') return refuse(c, { reason: 'not_authenticated' });
  if (failures.isExceeded(c)) return refuse(c, TOO_MANY_FAILURES);
  if (!accepted.some(([, token]) => isSameSecret(credentials.token, token))) {
    await failures.count(c);
    return refuse(c, { reason: 'token_invalid' });
  }
  await next();
};
