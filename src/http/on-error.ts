import { HTTPException } from 'hono/http-exception';
import { SecretsUnavailable } from '../directory/stored-secrets.ts';
import { writeLog } from '../platform/log.ts';
import { isTemporary } from '../platform/platform-errors.ts';
import type { AppContext } from './app-environment.ts';
import { refuse } from './refusals.ts';
import { routePattern } from './request-log.ts';
import type { AppRouter } from './router.ts';

/**
 * The response to an exception: 503 when the platform is unavailable for a moment or the Worker lacks SECRETS_KEY, else 500. The text of the exception
 * goes only to the log. Hono's own exceptions keep their status.
 */
export function answerAccidents(app: AppRouter): void {
  app.onError((error, c) => {
    if (error instanceof HTTPException && error.status < 500)
      return c.json({ detail: DETAILS[error.status] ?? 'Bad request.' }, error.status);
    writeLog('error', 'request_failed', failureFields(c, error));
    if (error instanceof SecretsUnavailable || isTemporary(error)) return refuse(c, { reason: 'unavailable' });
    const message = 'Internal server error.';
    const formed = c.get('refusalForm')?.({ status: 500, message });
    return formed === undefined ? c.json({ detail: message }, 500) : c.json(formed.body, formed.status);
  });
}

const DETAILS: Partial<Record<number, string>> = {
  404: 'Not found.',
  413: 'The request body is too large.',
  415: 'Unsupported media type in request.',
};

function failureFields(c: AppContext, error: Error) {
  return {
    request_id: c.var.requestId,
    method: c.req.method,
    route: routePattern(c),
    error: { name: error.name, message: error.message, stack: error.stack ?? null },
  };
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The response when no route matches: 405 with `Allow` if the path exists with other methods, else 404. */
export function answerUnknownRoutes(app: AppRouter): void {
  app.notFound((c) => {
    const allowed = METHODS.filter((method) => isRoute(app, method, c.req.path)).flatMap((method) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    );
    // A handler's own c.notFound() is a 404 although the path exists with this method.
    if (allowed.length === 0 || allowed.includes(c.req.method)) return refuse(c, { reason: 'not_found' });
    return refuse(c, { reason: 'method_not_allowed', method: c.req.method, allowed });
  });
}

/** Whether a handler, not only middleware, is registered for a method and path. */
function isRoute(app: AppRouter, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method === method);
}
