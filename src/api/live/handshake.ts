import type { AppMiddleware } from '../../http/app-environment.ts';
import { refuse } from '../../http/refusals.ts';
import { allowedOrigin } from '../../http/web-origins.ts';

/**
 * The prefix of the subprotocol that carries a visitor's token, which lives for 30 minutes. Tokens of users live longer:
 * what may be logged on its way must not be one of them (tickets.ts).
 */
const TOKEN_PROTOCOL = 'bearer.';

/** The subprotocols that a handshake offers. */
export function offeredProtocols(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap((each) => each.trim() || []);
}

/**
 * Takes the token from `Sec-WebSocket-Protocol: umi.v1, bearer.<token>` when there is no Authorization header. Must run
 * before authentication.
 */
export const takeTokenFromProtocols: AppMiddleware = async (c, next) => {
  const offered = offeredProtocols(c.req.header('Sec-WebSocket-Protocol'));
  const token = offered.find((each) => each.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
  if (token !== undefined && c.req.header('Authorization') === undefined) {
    const headers = new Headers(c.req.raw.headers);
    headers.set('Authorization', `Bearer ${token}`);
    c.req.raw = new Request(c.req.raw, { headers });
  }
  await next();
};

/** Refuses a request that is not a WebSocket handshake: 426. */
export const requireUpgrade: AppMiddleware = async (c, next) => {
  if (c.req.header('Upgrade')?.toLowerCase() !== 'websocket') return refuse(c, { reason: 'not_a_socket' });
  await next();
};

/**
 * Refuses web pages whose origin CORS_ORIGINS does not name: 403. Browsers let every page open a socket, and only send
 * the page's origin.
 */
export const requireAllowedOrigin: AppMiddleware = async (c, next) => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && allowedOrigin(origin, c.env.CORS_ORIGINS) === null) {
    return refuse(c, { reason: 'origin_foreign' });
  }
  await next();
};
