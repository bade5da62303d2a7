import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { AppContext, AppEnvironment } from './app-environment.ts';
import { readJsonBody } from './json-body.ts';
import { refuse } from './refusals.ts';
import { RememberingRouter } from './remembering-router.ts';
import { fieldErrors } from './validation-errors.ts';
import { useValidationMessages } from './validation-messages.ts';

export type AppRouter = OpenAPIHono<AppEnvironment>;

useValidationMessages();

/**
 * A router for one dialect. Routes are made with `createRoute` and `router.openapi`; guards go into a route's `middleware`, and a
 * declared body is read after them. What does not validate is answered here: 404 for a path parameter, 400 with the fields for
 * the rest. A trailing slash is tolerated.
 */
export function createRouter(): AppRouter {
  const router: AppRouter = new OpenAPIHono<AppEnvironment>({
    strict: false,
    router: new RememberingRouter(),
    defaultHook: (result, c: AppContext) => {
      if (result.success) return undefined;
      if (result.target === 'param') return refuse(c, { reason: 'not_found' });
      return refuse(c, { reason: 'invalid', fields: fieldErrors(result.error.issues, validatedInput(result)) });
    },
  });
  router.openapi = readingBodies(router.openapi);
  return router;
}

/** Registers routes as `register` does, with the body's reader as the last middleware of those that declare a body. */
function readingBodies(register: AppRouter['openapi']): AppRouter['openapi'] {
  const reading = (route: RouteConfig, ...rest: unknown[]) => {
    const guards = [route.middleware ?? []].flat();
    const middleware = route.request?.body === undefined ? guards : [...guards, readJsonBody];
    return (register as (route: RouteConfig, ...rest: unknown[]) => unknown)({ ...route, middleware }, ...rest);
  };
  return reading as unknown as AppRouter['openapi'];
}

/** The validator hands over its input as `data` also when it fails, which its type does not say. */
function validatedInput(result: object): unknown {
  return 'data' in result ? result.data : undefined;
}
