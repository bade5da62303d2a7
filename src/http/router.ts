import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext, AppEnvironment } from './app-environment.ts';
import { refuse } from './refusals.ts';
import { RememberingRouter } from './remembering-router.ts';
import { fieldErrors } from './validation-errors.ts';
import { useValidationMessages } from './validation-messages.ts';

export type AppRouter = OpenAPIHono<AppEnvironment>;

useValidationMessages();

/**
 * A router for one dialect. Routes are made with `defineRoute` and `router.openapi`. The router refuses invalid
 * requests: 404 for a path parameter, 400 with the fields for the rest. A trailing slash is allowed.
 */
export function createRouter(): AppRouter {
  return new OpenAPIHono<AppEnvironment>({
    strict: false,
    router: new RememberingRouter(),
    defaultHook: (result, c: AppContext) => {
      if (result.success) return undefined;
      if (result.target === 'param') return refuse(c, { reason: 'not_found' });
      return refuse(c, { reason: 'invalid', fields: fieldErrors(result.error.issues, validatedInput(result)) });
    },
  });
}

/** The validator passes its input as `data` even when validation fails. Its type does not say so. */
function validatedInput(result: object): unknown {
  return 'data' in result ? result.data : undefined;
}
